"""Chart -> SVG that stands alone or in a page: no script, no font's address, nothing to fetch.

Every shape carries its light colour; a reader's dark mode overrides it by class. So viewers without CSS show the light
picture.

Its own writer, for time and size: here a picture takes 1 to 6 ms and 6 to 10 kB, and no numpy. Importing matplotlib
takes 0.6 s, and its SVG of a roofline another 0.2 s and 145 kB: two pictures would be as large as a page may be.
"""

from collections.abc import Iterator

from resnet_inspect.chart import Chart
from resnet_inspect.escape import html_text, visible
from resnet_inspect.render.picture.layout import lay_out
from resnet_inspect.render.picture.shapes import SIZE, WIDTH, Disc, Path, Shape, Word
from resnet_inspect.render.picture.style import PAINTS

SHOWN_WIDTH = 640  # pixels where there is room
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
# Viewers that take only some of CSS leave out what is for a medium: of an automatic height they would draw nothing.
FITTING = ".picture{max-width:100%;height:auto}"


def style_in(part: str = "", ground: bool = False) -> str:
    """The style of the pictures in ``part`` of a page, a selector; ``ground``: the page's own may be dark or light."""
    light, dark = (f"{part}.picture{{background:{paint}}}" if ground else "" for paint in PAINTS["ground"])
    dark += "".join(
        f"{part}.f-{name}{{fill:{paint.dark}}}{part}.s-{name}{{stroke:{paint.dark}}}" for name, paint in PAINTS.items()
    )
    return f"@media all{{{part}{FITTING}{light}}}@media (prefers-color-scheme:dark){{{dark}}}"


STYLE = style_in()


def render(chart: Chart, alone: bool = True) -> str:
    """The picture as an ``svg`` element.

    In a page (not ``alone``) it has no ground and no style: the page holds that once, for all of its pictures.
    """
    sheet = lay_out(chart)
    height = _digits(sheet.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_digits(WIDTH)} {height}" width="{SHOWN_WIDTH}" '
        f'height="{round(sheet.height * SHOWN_WIDTH / WIDTH)}" class="picture" role="img" '
        f'aria-label="{_text(chart.alt)}" font-family="{FONTS}" font-size="{_digits(SIZE)}">',
        f"<title>{_text(chart.title)}</title>",
        f"<desc>{_text(chart.alt)}</desc>",
        *([f"<style>{STYLE}</style>", _ground(height)] if alone else []),
        *(line for shape in sheet.shapes for line in _shape(shape)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _ground(height: str) -> str:
    return f'<rect width="{_digits(WIDTH)}" height="{height}"{_classes((("fill", "ground"),))}/>'


def _shape(shape: Shape) -> Iterator[str]:
    match shape:
        case Path():
            yield _path(shape)
        case Disc(x, y, radius, paint, detail, hollow):
            place = f'cx="{_digits(x)}" cy="{_digits(y)}" r="{_digits(radius)}"'
            # A ring is filled with nothing to be seen, so that its detail shows on pointing inside, too.
            fill, stroke, opacity = ("ground", paint, "0") if hollow else (paint, "ground", "0.85")
            paints = _classes((("fill", fill), ("stroke", stroke)))
            yield _element("circle", f'{place}{paints} fill-opacity="{opacity}"', detail)
        case Word():
            yield _word(shape)


def _path(shape: Path) -> str:
    (x, y), *others = shape.points or ((0.0, 0.0),)
    d = [f"M{_digits(x)} {_digits(y)}"]
    for to_x, to_y in others:
        if _digits(to_y) == _digits(y):
            d.append(f"H{_digits(to_x)}")
        elif _digits(to_x) == _digits(x):
            d.append(f"V{_digits(to_y)}")
        else:
            d.append(f"L{_digits(to_x)} {_digits(to_y)}")
        x, y = to_x, to_y
    attributes = f'd="{"".join(d)}{"Z" if shape.fill else ""}"'
    attributes += _classes((("fill", shape.fill or "none"), ("stroke", shape.stroke or "none")))
    if shape.stroke and shape.width != 1:
        attributes += f' stroke-width="{_digits(shape.width)}"'
    if shape.dashed:
        attributes += ' stroke-dasharray="5 3"'
    if shape.opacity != 1:
        attributes += f' opacity="{_digits(shape.opacity, 2)}"'
    return _element("path", attributes, shape.detail)


def _word(word: Word) -> str:
    halo = (("stroke", "ground"),) if word.halo else ()
    attributes = f'x="{_digits(word.x)}" y="{_digits(word.y)}"' + _classes((("fill", word.paint), *halo))
    if word.halo:
        attributes += ' stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
    if word.anchor != "start":
        attributes += f' text-anchor="{word.anchor}"'
    if word.size != SIZE:
        attributes += f' font-size="{_digits(word.size)}"'
    if word.bold:
        attributes += ' font-weight="600"'
    return f"<text {attributes}>{_text(word.text)}</text>"


def _element(name: str, attributes: str, detail: str) -> str:
    return f"<{name} {attributes}><title>{_text(detail)}</title></{name}>" if detail else f"<{name} {attributes}/>"


def _classes(paints: tuple[tuple[str, str], ...]) -> str:
    """Each paint as an attribute, for viewers without CSS, and all as one class attribute for the dark mode."""
    named = [(kind, paint) for kind, paint in paints if paint in PAINTS]
    attributes = "".join(
        f' {kind}="{PAINTS[paint].light if paint in PAINTS else paint}"'
        for kind, paint in paints
        if (kind, paint) != ("stroke", "none")
    )
    classes = " ".join(f"{kind[0]}-{paint}" for kind, paint in named)
    return f'{attributes} class="{classes}"' if classes else attributes


def _digits(value: float, decimals: int = 1) -> str:
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") or "0"


def _text(text: str) -> str:
    return html_text(visible(text))
