"""Who must have signed: what GitHub vouched for, and patterns of identities."""

import functools

from cross import MAIN
from record import Record
from scene import Scene, check
from together import together

OTHER = "other-org/other/.github/workflows/release.yml@refs/tags/v1"
OURS = "example-org/models"
OUR_FILE = f"{OURS}/.github/workflows/sign.yml"
REPOSITORY = ["--github-repository", OURS]
WORKFLOW = ["--github-workflow", "sign.yml"]
REF = ["--github-ref", "refs/heads/main"]

# Of jobs: what their tokens say instead of the usual.
JOBS = {
    "the job": {},
    "the job of another repository": {
        "repository": "other-org/other",
        "workflow_ref": OTHER,
        "job_workflow_ref": OTHER,
        "ref": "refs/tags/v1",
        "sub": "repo:other-org/other:ref:refs/tags/v1",
    },
    "the job of another ref": {
        "ref": "refs/pull/1/merge",
        "workflow_ref": f"{OUR_FILE}@refs/pull/1/merge",
        "job_workflow_ref": f"{OUR_FILE}@refs/pull/1/merge",
        "sub": f"repo:{OURS}:pull_request",
    },
    "the job of another workflow": {
        "workflow_ref": f"{OURS}/.github/workflows/test.yml@refs/heads/main",
        "job_workflow_ref": f"{OURS}/.github/workflows/test.yml@refs/heads/main",
    },
    # A reusable workflow: the certificate's name is that of the file that runs, not of the one that calls it.
    "the job in somebody else's reusable workflow": {"job_workflow_ref": OTHER},
    # Required by the organisation: a workflow of another repository, which runs for this one.
    "the job of another repository's workflow": {
        "workflow_ref": "other-org/other/.github/workflows/sign.yml@refs/heads/main",
        "job_workflow_ref": "other-org/other/.github/workflows/sign.yml@refs/heads/main",
    },
}

NOT_OURS = "the model was signed by somebody else: the GitHub"
# Job, what the verifier asks for, exit code, words that matter.
ASKED = [
    ("the job", REPOSITORY, 0, "Verification succeeded"),
    ("the job", REPOSITORY + WORKFLOW + REF, 0, "Verification succeeded"),
    ("the job", [*REPOSITORY, "--github-workflow", ".github/workflows/sign.yml"], 0, "Verification succeeded"),
    ("the job", ["--identity", MAIN, *REPOSITORY, *REF], 0, "Verification succeeded"),
    (
        "the job",
        ["--github-repository", "other-org/other"],
        1,
        f'{NOT_OURS} repository is "{OURS}", not "other-org/other"',
    ),
    ("the job", ["--github-repository", "example-org/model"], 1, f'{NOT_OURS} repository is "{OURS}"'),
    ("the job", ["--github-repository", "Example-Org/models"], 1, f'{NOT_OURS} repository is "{OURS}"'),
    ("the job", ["--github-repository", "*"], 2, "--github-repository is not of the form OWNER/NAME"),
    (
        "the job",
        [*REPOSITORY, "--github-workflow", "test.yml"],
        1,
        'workflow is ".github/workflows/sign.yml", not "test.yml"',
    ),
    (
        "the job",
        [*REPOSITORY, "--github-workflow", "ign.yml"],
        1,
        'workflow is ".github/workflows/sign.yml", not "ign.yml"',
    ),
    ("the job", [*REPOSITORY, "--github-ref", "main"], 1, f'{NOT_OURS} ref is "refs/heads/main", not "main"'),
    (
        "the job",
        [*REPOSITORY, "--github-ref", "refs/tags/v1"],
        1,
        f'{NOT_OURS} ref is "refs/heads/main", not "refs/tags/v1"',
    ),
    ("the job", ["--identity", "x", *REPOSITORY], 1, f'the identity is "{MAIN}", not "x"'),
    ("the job", WORKFLOW + REF, 2, "it is not said who must have signed"),
    ("the job of another repository", ["--github-repository", "other-org/other"], 0, "Verification succeeded"),
    ("the job of another repository", REPOSITORY, 1, f'{NOT_OURS} repository is "other-org/other", not "{OURS}"'),
    ("the job of another ref", REPOSITORY + WORKFLOW, 0, "Verification succeeded"),
    ("the job of another ref", REPOSITORY + REF, 1, f'{NOT_OURS} ref is "refs/pull/1/merge", not "refs/heads/main"'),
    ("the job of another workflow", REPOSITORY + REF, 0, "Verification succeeded"),
    (
        "the job of another workflow",
        REPOSITORY + WORKFLOW,
        1,
        'workflow is ".github/workflows/test.yml", not "sign.yml"',
    ),
    ("the job in somebody else's reusable workflow", REPOSITORY + WORKFLOW + REF, 0, f"of another one, https://github.com/{OTHER}"),
    ("the job in somebody else's reusable workflow", ["--identity", MAIN, *REPOSITORY], 1, "the identity is"),
    ("the job of another repository's workflow", REPOSITORY, 0, "Verification succeeded"),
    ("the job of another repository's workflow", REPOSITORY + WORKFLOW, 1, f"{NOT_OURS} workflow is"),
]

# Of the signature of dev@example.test: what the verifier asks for, exit code, words that matter.
PATTERNS = [
    (["--identity-glob", "*@example.test"], 0, "Verification succeeded"),
    (["--identity-glob", "dev@*"], 0, "Verification succeeded"),
    (["--identity-glob", "d?v@example.test"], 0, "Verification succeeded"),
    (["--identity-glob", "*@example.org"], 1, 'the identity is "dev@example.test", not "*@example.org"'),
    (["--identity-glob", "dev@example"], 1, 'the identity is "dev@example.test", not "dev@example"'),
    (["--identity-glob", "DEV@*"], 1, 'the identity is "dev@example.test"'),
    (["--identity-glob", "dev[@example.test"], 2, "cannot use the pattern of identities"),
    (["--identity-glob", "*"], 0, "warning: the pattern accepts about any identity"),
    (["--identity-regex", r"dev@example\.test"], 0, "Verification succeeded"),
    (["--identity-regex", r".*@example\.test"], 0, "Verification succeeded"),
    (["--identity-regex", r"x|dev@example\.test"], 0, "Verification succeeded"),
    (["--identity-regex", "example"], 1, 'the identity is "dev@example.test", not "example"'),
    (["--identity-regex", r"dev@example\.tes"], 1, 'the identity is "dev@example.test"'),
    (["--identity-regex", r"(?m)^dev"], 1, 'the identity is "dev@example.test"'),
    (["--identity-regex", r"x)|(dev@example.test"], 2, "cannot use the pattern of identities"),
    (["--identity-regex", ".*"], 0, "warning: the pattern accepts about any identity"),
    (["--identity", "dev@example.*"], 1, 'the identity is "dev@example.test", not "dev@example.*"'),
    (["--identity", "dev@example.tes."], 1, 'the identity is "dev@example.test"'),
    (["--identity", "Dev@example.test"], 1, 'the identity is "dev@example.test"'),
    (["--identity", "dev@example.test "], 1, 'the identity is "dev@example.test"'),
    (["--identity", ""], 2, "--identity is empty"),
    ([], 2, "it is not said who must have signed"),
    (["--github-repository", OURS], 1, 'repository is "none in the certificate"'),
]


def run(record: Record, scene: Scene) -> None:
    together(record, [(job, functools.partial(of_job, scene=scene, job=job)) for job in JOBS])
    place = scene.place(older=True)
    for words, code, said in PATTERNS:
        result = scene.verify(place.signature, *words, identity=None)
        check(record, f"dev@example.test, asked for {' '.join(words)}", result, code, said)
    for provider in (scene.issuer + "/", scene.issuer[:-1], scene.issuer.upper(), "*", ".*"):
        result = scene.verify(place.signature, provider=provider)
        said = f'the identity provider is "{scene.issuer}", not "{provider}"'
        check(record, f"the provider is compared exactly: {provider}", result, 1, said)
    result = scene.verify(place.signature, provider="")
    check(
        record,
        "nobody's word is no word",
        result,
        2,
        "it is not said who vouches for the signer",
        "--identity-provider",
    )


def of_job(record: Record, scene: Scene, job: str) -> None:
    place = scene.place(older=False)
    github = scene.s.urls["issuers"]["github"]
    check(
        record, f"{job} signs", scene.sign(place.signature, env=scene.s.github_env(**JOBS[job])), 0, "Signing succeeded"
    )
    for asked_job, words, code, said in ASKED:
        if asked_job == job:
            result = scene.verify(place.signature, *words, identity=None, provider=github)
            check(record, f"{job}, asked for {' '.join(words)}", result, code, said)
    if job == "the job":
        result = scene.verify(place.signature, *REPOSITORY, identity=None, provider="")
        said = f'the identity provider is "{github}", not "https://token.actions.githubusercontent.com"'
        check(record, "for a repository GitHub's own word is taken, and no other", result, 1, said)
