"""Real small models, as packages carry them: signed by one tool, verified by the other."""

import pathlib
import subprocess
import sys
import zipfile

import reference
from record import Record
from secureml import SecureML

# Package, and what in it is a model: ONNX, TensorFlow Lite, SavedModel, CoreML; safetensors and TorchScript; pickles.
PACKAGES = [
    ("basic-pitch==0.4.0", "basic_pitch/saved_models"),
    ("silero-vad==6.2.3", "silero_vad/data"),
    ("lpips==0.1.4", "lpips/weights"),
]


def run(record: Record, ours: SecureML, folder: pathlib.Path, cache: pathlib.Path) -> None:
    signers = reference.make_signers(folder)
    for number, (package, inside) in enumerate(PACKAGES):
        model = unpack(record, package, inside, cache / "models")
        if model is None:
            continue
        signer, signature = signers[number], folder / f"{number}.sig"
        config = reference.hashing("sha256", None, False, [], True)
        reference.sign(model, signature, signer, config)
        result = ours.verify(model, signature, signer)
        record.check(f"{package}: theirs verified here", result.returncode == 0, result.stderr)
        result = ours.sign(model, signature, signer)
        record.check(f"{package}: signed here", result.returncode == 0, result.stderr)
        refusal = reference.verify(model, signature, signer, reference.hashing("sha256", None, False, [], True))
        record.check(f"{package}: ours verified there", refusal is None, refusal)


def unpack(record: Record, package: str, inside: str, cache: pathlib.Path) -> pathlib.Path | None:
    place = cache / package
    if not (place / inside).is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        words = ["-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps", "--dest", str(cache)]
        result = subprocess.run([sys.executable, *words, package], capture_output=True, text=True)
        wheels = sorted(cache.glob(package.split("==")[0].replace("-", "_") + "-*.whl"))
        if result.returncode != 0 or not wheels:
            record.skip(package, f"cannot be downloaded: {result.stderr.strip()[-200:]}")
            return None
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(place)
    return place / inside
