"""Random models: names, contents and links as they occur, and as they hardly ever do."""

import pathlib
import random

NAMES = [
    "config.json", "model.safetensors", "weights", "weights-00001.bin", "weights.txt", "a", "a-b", "a.txt", "Z", "_u", "z z",
    "é", "e\u0301", "模型", "😀", "Ａ", "quote'\"", "back\\slash", "new\nline", "tab\t", "#hash", "-dash", ".hidden", "..dots",
    "dots...", "%41", "$HOME", "~", "C", "con", "\u202egnp.exe", "\x7f", "x" * 200,
]
# The reference tool splits shard names at every colon, so that it cannot read its own.
WITH_COLON = ["a:b", "c:0:1", ":"]
GIT = [".git/HEAD", ".gitattributes", ".github/workflows/ci.yml", ".gitignore", ".gitmodules", "sub/.git/HEAD"]
SIZES = [0, 0, 1, 2, 31, 64, 1000, 1001, 4096, 70_000]


def make(rng: random.Random, root: pathlib.Path, *, colons: bool = True, links: bool = False) -> list[str]:
    """Makes a model with at least one file that has content; returns the names of its files."""
    root.mkdir()
    names = NAMES + (WITH_COLON if colons else [])
    files: list[str] = []
    for _ in range(rng.randint(1, 12)):
        folder = root
        for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
            folder = folder / rng.choice(names)
        add(root, folder / rng.choice(names), rng.randbytes(rng.choice(SIZES)), files)
    if rng.random() < 0.4:
        for name in rng.sample(GIT, rng.randint(1, len(GIT))):
            add(root, root / name, b"git\n", files)
    if links:
        for number, name in enumerate(rng.sample(files, min(2, len(files)))):
            place = root / f"link-{number}"
            place.symlink_to(rng.choice([root / name, pathlib.Path(name)]) if "/" not in name else root / name)
            files.append(place.name)
    if rng.random() < 0.3:
        (root / "empty folder").mkdir(exist_ok=True)
    add(root, root / "never empty", b"content", files)
    return files


def add(root: pathlib.Path, path: pathlib.Path, content: bytes, files: list[str]) -> None:
    """Adds a file unless a file stands where it needs a folder, or the other way round."""
    for parent in [path, *path.parents]:
        if parent == root:
            break
        if parent.is_symlink() or (parent.exists() and (parent == path or not parent.is_dir())):
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    files.append(str(path.relative_to(root)))


def change(rng: random.Random, root: pathlib.Path, files: list[str]) -> str:
    """Changes one thing that a signature covers, and says which."""
    ignored = (".git/", ".gitattributes", ".github/", ".gitignore")
    full = [
        name for name in files
        if not name.startswith(ignored) and not (root / name).is_symlink() and (root / name).stat().st_size > 0
    ]
    path = root / rng.choice(full)
    kind = rng.choice(["byte", "append", "cut", "remove", "rename", "add"])
    content = bytearray(path.read_bytes())
    if kind == "byte":
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
    elif kind == "append":
        path.write_bytes(bytes(content) + b"x")
    elif kind == "cut":
        path.write_bytes(content[:-1])
    elif kind == "remove":
        path.unlink()
    elif kind == "rename":
        path.rename(path.with_name("renamed file"))
    else:
        (root / "added file").write_bytes(b"x")
    return f"{kind} {path.relative_to(root)!s:.40}"
