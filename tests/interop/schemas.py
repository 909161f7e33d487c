"""Our bundles against the published JSON Schemas of OMS 1.0."""

import base64
import json
import pathlib

import jsonschema
import referencing
from record import Record


class Schemas:
    """Reads the schemas where they are; without them each check is skipped, said once."""

    def __init__(self, record: Record, folder: pathlib.Path) -> None:
        self.validators = None
        if not folder.is_dir():
            record.skip("OMS schemas", f"{folder} is not there")
            return
        loaded = [json.loads(path.read_text()) for path in sorted(folder.glob("*.schema.json"))]
        registry = referencing.Registry().with_resources(
            (schema["$id"], referencing.Resource.from_contents(schema)) for schema in loaded
        )
        self.validators = {
            schema["$id"].split("/")[3]: jsonschema.Draft202012Validator(schema, registry=registry) for schema in loaded
        }

    def check(self, record: Record, name: str, signature: pathlib.Path) -> None:
        if self.validators is None:
            return
        bundle = json.loads(signature.read_text())
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        errors = [error.message for error in self.validators["bundle"].iter_errors(bundle)]
        errors += [error.message for error in self.validators["statement"].iter_errors(statement)]
        record.check(f"{name}: follows the schemas", not errors, errors)
        names = [resource["name"] for resource in statement["predicate"]["resources"]]
        record.check(f"{name}: in OMS order", names == sorted(names), names)
