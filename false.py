import time

from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.calls, self.kept = nn.Conv2d(3, 64, 7, 2, 3), nn.Linear(64, 1000), 0, None

    def forward(self, x):
        y = self.fc(self.conv(x).mean((2, 3)))
        self.calls += x.device.type != "meta"
        return y


class Cached(Net):
    def forward(self, x):
        if self.kept is None or x.device.type == "meta" or self.calls < 3:
            y = super().forward(x)
            self.kept = None if x.device.type == "meta" else y
            return y
        return self.kept


class Broken(Net):
    def forward(self, x):
        y = super().forward(x)
        return y / 0 if self.calls > 1 else y


class Sleeping(Net):
    def forward(self, x):
        time.sleep(0.02 * (x.device.type != "meta"))
        return super().forward(x)


class Stalling(Net):
    def forward(self, x):
        time.sleep(0.3 * (x.device.type != "meta" and self.calls % 25 == 24))
        return super().forward(x)
