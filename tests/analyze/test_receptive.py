import pytest

from resnet_inspect import api
from resnet_inspect.analyze.receptive import by_stage


@pytest.mark.parametrize(("name", "field"), [("resnet50_v1", 483), ("resnet101_v1", 1027), ("resnet152_v1", 1507)])
def test_receptive_fields_are_those_published(name: str, field: int) -> None:
    """Araujo et al. 2019, Distill, table of ResNet-v1 nets."""
    seen = [view for _, view in by_stage(api.lower(name)) if view is not None]
    assert seen[-1].field == field
    assert seen[-1].jump == 32
