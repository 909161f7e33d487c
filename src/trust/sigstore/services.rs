use jiff::Timestamp;
use sigstore_trust_root::{ServiceConfiguration, ServiceEndpoint, ServiceSelector, SigningConfig};

/// The services that a keyless signature needs, by their URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// The certificate authority.
    pub fulcio: String,
    /// The transparency log.
    pub rekor: String,
    /// How to talk to it.
    pub rekor_version: RekorVersion,
    /// The timestamp authorities; none where the log tells the time.
    pub timestamps: Vec<String>,
    /// The OpenID Connect provider for people.
    pub login: Option<String>,
}

/// The two generations of Rekor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RekorVersion {
    /// Entries of kind `dsse`, with a promise that tells the time.
    V1,
    /// Entries of kind `hashedrekord`, with a proof and no time.
    V2,
}

impl Services {
    /// Chooses services as the signing configuration asks for; of the logs the one of the highest version. A log of
    /// version 2 tells no time, so it needs a timestamp authority.
    pub(super) fn choose(config: &SigningConfig, now: Timestamp) -> Result<Self, ServicesError> {
        let offered = |endpoints: &[ServiceEndpoint], versions: &[u32]| -> Vec<ServiceEndpoint> {
            let mut offered: Vec<ServiceEndpoint> = endpoints
                .iter()
                .filter(|endpoint| endpoint.valid_for.contains(now) && versions.contains(&endpoint.major_api_version))
                .cloned()
                .collect();
            offered.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.major_api_version));
            offered
        };
        let fulcio = offered(&config.ca_urls, &[1]);
        let fulcio = fulcio.into_iter().next().ok_or(ServicesError::Missing { what: "certificate authority" })?;
        let timestamps = offered(&config.tsa_urls, &[1]);
        let timestamps = if timestamps.is_empty() {
            Vec::new()
        } else {
            select(timestamps, &config.tsa_config, "timestamp authorities")?
        };
        let versions: &[u32] = if timestamps.is_empty() { &[1] } else { &[1, 2] };
        let logs = offered(&config.rekor_tlog_urls, versions);
        if logs.is_empty() && !offered(&config.rekor_tlog_urls, &[2]).is_empty() {
            return Err(ServicesError::Missing { what: "timestamp authority, which its log needs" });
        }
        let logs = select(logs, &config.rekor_tlog_config, "transparency logs")?;
        let [log] = logs.as_slice() else { return Err(ServicesError::SeveralLogs { found: logs.len() }) };
        Ok(Self {
            fulcio: fulcio.url,
            rekor: log.url.clone(),
            rekor_version: if log.major_api_version == 2 { RekorVersion::V2 } else { RekorVersion::V1 },
            timestamps: timestamps.into_iter().map(|endpoint| endpoint.url).collect(),
            login: offered(&config.oidc_urls, &[1]).into_iter().next().map(|endpoint| endpoint.url),
        })
    }
}

/// As many endpoints as asked for, each of another operator (Sigstore client specification, signing configuration).
fn select(
    offered: Vec<ServiceEndpoint>,
    rule: &ServiceConfiguration,
    what: &'static str,
) -> Result<Vec<ServiceEndpoint>, ServicesError> {
    let mut chosen: Vec<ServiceEndpoint> = Vec::new();
    for endpoint in offered {
        if endpoint.operator.is_none() || chosen.iter().all(|other| other.operator != endpoint.operator) {
            chosen.push(endpoint);
        }
    }
    let wanted = match rule.selector {
        ServiceSelector::Any => 1,
        ServiceSelector::All => chosen.len().max(1),
        ServiceSelector::Exact => rule.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
        _ => return Err(ServicesError::Selector { what }),
    };
    if chosen.len() < wanted {
        return Err(ServicesError::TooFew { what, wanted, found: chosen.len() });
    }
    chosen.truncate(wanted);
    Ok(chosen)
}

/// A signing configuration that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// The trust material has no signing configuration, or none that is known.
    #[error("the trust material does not say which services sign")]
    None,
    /// A service is missing.
    #[error("the signing configuration names no {what} that is in service")]
    Missing {
        /// Which.
        what: &'static str,
    },
    /// There are fewer than it asks for.
    #[error("the signing configuration asks for {wanted} {what} and names {found}")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many it asks for.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// Its rule for choosing is not known.
    #[error("the signing configuration chooses {what} by a rule that is not known")]
    Selector {
        /// Of what.
        what: &'static str,
    },
    /// It asks for entries in several logs.
    #[error("the signing configuration asks for {found} transparency logs; a signature has an entry in one")]
    SeveralLogs {
        /// How many.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, version: u32, end: Option<&str>) -> serde_json::Value {
        let mut valid = serde_json::json!({"start": "2020-01-01T00:00:00Z"});
        if let Some(end) = end {
            valid["end"] = end.into();
        }
        serde_json::json!({"url": url, "majorApiVersion": version, "validFor": valid, "operator": url})
    }

    fn choose(
        logs: &[serde_json::Value],
        tsas: &[serde_json::Value],
        rules: [&str; 2],
    ) -> Result<Services, ServicesError> {
        let config = serde_json::json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [endpoint("ca", 1, None)],
            "rekorTlogUrls": logs, "rekorTlogConfig": {"selector": rules[0]},
            "tsaUrls": tsas, "tsaConfig": {"selector": rules[1]},
        });
        let config = SigningConfig::from_json(&config.to_string()).unwrap();
        Services::choose(&config, "2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_highest_version_in_service_wins() {
        let logs = [endpoint("v1", 1, None), endpoint("v2", 2, None), endpoint("old", 2, Some("2025-01-01T00:00:00Z"))];
        let tsa = [endpoint("tsa", 1, None)];
        let services = choose(&logs, &tsa, ["ANY", "ANY"]).unwrap();
        assert_eq!((services.rekor.as_str(), services.rekor_version), ("v2", RekorVersion::V2));
        // Without a timestamp authority nothing would tell the time.
        assert_eq!(choose(&logs, &[], ["ANY", "ANY"]).unwrap().rekor, "v1");
        assert!(choose(&logs[1..], &[], ["ANY", "ANY"]).is_err());
        assert!(choose(&logs[2..], &tsa, ["ANY", "ANY"]).is_err());
    }

    #[test]
    fn rules_are_followed_or_refused() {
        let logs = [endpoint("v1", 1, None)];
        let tsas = [endpoint("a", 1, None), endpoint("b", 1, None)];
        assert_eq!(choose(&logs, &tsas, ["ANY", "ALL"]).unwrap().timestamps, ["a", "b"]);
        assert_eq!(choose(&logs, &tsas, ["ANY", "ANY"]).unwrap().timestamps, ["a"]);
        assert!(matches!(
            choose(&logs, &tsas, ["ANY", "SERVICE_SELECTOR_UNDEFINED"]),
            Err(ServicesError::Selector { .. })
        ));
        let two = [endpoint("x", 1, None), endpoint("y", 1, None)];
        assert_eq!(choose(&two, &tsas, ["ALL", "ANY"]), Err(ServicesError::SeveralLogs { found: 2 }));
    }
}
