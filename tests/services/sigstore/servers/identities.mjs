// Who signs: for each issuer the claims of its tokens, as the real one writes them, and how Fulcio reads them.
//
// A test overrides any claim. `fulcio` is the issuer's entry in Fulcio's configuration, less its URL and client.
import crypto from 'node:crypto';
import { HOST } from './network.mjs';

const COMMIT = 'a'.repeat(40);
const WORKFLOW = 'example-org/models/.github/workflows/sign.yml@refs/heads/main';
const CIRCLE = 'oidc.circleci.com';

export const IDENTITIES = {
  // Like Dex: the subject is an opaque string, and only `email` says who it is.
  email: {
    fulcio: { Type: 'email' },
    claims: (user) => ({
      sub: Buffer.from(`\n\u0005${user}\u0012\u0005local`).toString('base64url'),
      email: user, email_verified: true, name: user.split('@')[0],
    }),
  },
  github: {
    fulcio: { Type: 'github-workflow' },
    claims: () => ({
      jti: crypto.randomUUID(), sub: 'repo:example-org/models:ref:refs/heads/main',
      repository: 'example-org/models', repository_id: '700000001', repository_visibility: 'public',
      repository_owner: 'example-org', repository_owner_id: '600000001',
      ref: 'refs/heads/main', ref_type: 'branch', ref_protected: 'true', sha: COMMIT,
      workflow: 'sign', workflow_ref: WORKFLOW, workflow_sha: COMMIT,
      job_workflow_ref: WORKFLOW, job_workflow_sha: COMMIT, actor: 'dev', actor_id: '500000001',
      event_name: 'push', run_id: '9000000001', run_number: '1', run_attempt: '1', runner_environment: 'github-hosted',
      base_ref: '', head_ref: '', enterprise: '', enterprise_id: '',
    }),
  },
  gitlab: {
    fulcio: { Type: 'gitlab-pipeline' },
    claims: () => ({
      jti: crypto.randomUUID(), sub: 'project_path:example-org/models:ref_type:branch:ref:main',
      project_path: 'example-org/models', project_id: '71', project_visibility: 'public',
      namespace_path: 'example-org', namespace_id: '72', pipeline_id: '1001', pipeline_source: 'push', job_id: '2001',
      ref: 'main', ref_type: 'branch', ref_path: 'refs/heads/main', ref_protected: 'true', sha: COMMIT,
      ci_config_ref_uri: 'gitlab.com/example-org/models//.gitlab-ci.yml@refs/heads/main', ci_config_sha: COMMIT,
      runner_id: 1, runner_environment: 'gitlab-hosted', user_login: 'dev', user_email: 'dev@example.test',
    }),
  },
  buildkite: {
    fulcio: { Type: 'buildkite-job' },
    claims: () => ({
      sub: `organization:example-org:pipeline:models:ref:refs/heads/main:commit:${COMMIT}:step:sign`,
      organization_slug: 'example-org', pipeline_slug: 'models', build_number: 1, build_branch: 'main',
      build_commit: COMMIT, build_source: 'webhook', step_key: 'sign', job_id: '0190-models', agent_id: '0190-agent',
      runner_environment: 'buildkite-hosted',
    }),
  },
  circleci: {
    fulcio: { Type: 'ci-provider', CIProvider: 'circleci-job' },
    claims: () => ({
      sub: 'org/org-1/project/project-1/user/user-1/vcs-origin/example.test/example-org/models/vcs-ref/refs/heads/main',
      [`${CIRCLE}/project-id`]: 'project-1', [`${CIRCLE}/pipeline-definition-id`]: 'definition-1',
      [`${CIRCLE}/vcs-ref`]: 'refs/heads/main', [`${CIRCLE}/vcs-origin`]: 'https://example.test/example-org/models',
    }),
  },
  // Like Google's for a service account: the subject is a number.
  google: {
    fulcio: { Type: 'email' },
    claims: () => ({
      sub: '104200000000000000001', azp: '104200000000000000001',
      email: 'signer@models.iam.gserviceaccount.com', email_verified: true,
      google: { compute_engine: { instance_id: '1', instance_name: 'trainer', project_id: 'models', zone: 'zone-1' } },
    }),
  },
  // The subject is a URL below a domain that the issuer owns.
  uri: {
    fulcio: { Type: 'uri', SubjectDomain: `http://${HOST}` },
    claims: (user) => ({ sub: `http://${HOST}/people/${encodeURIComponent(user)}` }),
  },
  spiffe: {
    fulcio: { Type: 'spiffe', SPIFFETrustDomain: 'example.test' },
    claims: () => ({ sub: 'spiffe://example.test/trainer' }),
  },
};

/** What Fulcio makes of a CI provider's claims that it has no type for. */
export const PROVIDERS = {
  'circleci-job': {
    DefaultTemplateValues: { api: 'https://circleci.com/api/v2' },
    ExtensionTemplates: {
      SourceRepositoryURI: `{{index . "${CIRCLE}/vcs-origin"}}`,
      SourceRepositoryRef: `{{index . "${CIRCLE}/vcs-ref"}}`,
    },
    SubjectAlternativeNameTemplate: `{{.api}}/projects/{{index . "${CIRCLE}/project-id"}}/pipeline-definitions/`
      + `{{index . "${CIRCLE}/pipeline-definition-id"}}`,
  },
};
