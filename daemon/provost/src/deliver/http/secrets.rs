//! What the host puts into a request that the channel must not see: secrets by their names, and signatures.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use provost_sandbox::{Auth, HttpRequest};
use ring::hmac;

use super::trouble::Trouble;

/// Keys are handed out with and without padding.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Bytes of a signing key (Standard Webhooks, "symmetric").
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes from which on a secret is looked for in answers: shorter ones are in every text.
const TELLING: usize = 6;
/// Begins a secret in a template; `}` ends it.
const OPEN: &str = "{secret:";

/// The secrets of one plugin by their names; the first of each is the one in use. Never shown.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Vec<String>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// Secrets by their names, at least one each.
    pub fn new(secrets: BTreeMap<String, Vec<String>>) -> Self {
        Self(secrets)
    }

    fn all(&self, name: &str) -> Result<&[String], Trouble> {
        let found = self.0.get(name).filter(|found| !found.is_empty());
        let found = found.ok_or_else(|| Trouble::NoSecret(name.to_owned()))?;
        Ok(found)
    }

    fn in_use(&self, name: &str) -> Result<&str, Trouble> {
        Ok(&self.all(name)?[0])
    }

    /// A template with the secrets that it names.
    pub(super) fn fill(&self, template: &str) -> Result<String, Trouble> {
        let mut parts = template.split(OPEN);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').ok_or(Trouble::Template)?;
            filled += self.in_use(name)?;
            filled += rest;
        }
        Ok(filled)
    }

    /// The headers that prove who sends a request.
    pub(super) fn prove(
        &self,
        request: &HttpRequest,
        id: String,
        now: Timestamp,
    ) -> Result<Vec<(&'static str, String)>, Trouble> {
        let authorization = |value| vec![("authorization", value)];
        Ok(match &request.auth {
            Auth::None => Vec::new(),
            Auth::Bearer(name) => authorization(format!("Bearer {}", self.in_use(name)?)),
            Auth::Basic { user, secret } => {
                let pair = format!("{user}:{}", self.in_use(secret)?);
                authorization(format!("Basic {}", BASE64_STANDARD.encode(pair)))
            }
            Auth::StandardWebhooks(names) => {
                let second = now.as_second();
                let signed = [format!("{id}.{second}.").as_bytes(), &request.body].concat();
                vec![
                    ("webhook-id", id),
                    ("webhook-timestamp", second.to_string()),
                    ("webhook-signature", self.signatures(names, &signed)?),
                ]
            }
        })
    }

    /// One signature with every key: while a key is changed, receivers know the old one or the new one.
    fn signatures(&self, names: &[String], signed: &[u8]) -> Result<String, Trouble> {
        let mut signatures = Vec::new();
        for name in names {
            for secret in self.all(name)? {
                let key = key(secret).ok_or_else(|| Trouble::Key(name.clone()))?;
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed);
                signatures.push(format!("v1,{}", BASE64_STANDARD.encode(tag)));
            }
        }
        Ok(signatures.join(" "))
    }

    /// The text without the secrets that a receiver sent back, `proof` being what the request itself carried: what a
    /// channel sees may end in the journal.
    pub(super) fn cleaned(&self, text: &str, proof: &[(&'static str, String)]) -> String {
        let mut text = text.to_owned();
        let credentials = proof.iter().filter(|(name, _)| *name == "authorization");
        for (_, value) in credentials {
            let shown = value
                .split_once(' ')
                .map_or(value.as_str(), |(_, shown)| shown);
            text = text.replace(shown, "{authorization}");
        }
        for (name, secrets) in &self.0 {
            for secret in secrets.iter().filter(|secret| secret.len() >= TELLING) {
                text = text.replace(secret.as_str(), &format!("{OPEN}{name}}}"));
            }
        }
        text
    }
}

/// The bytes of a signing key.
fn key(secret: &str) -> Option<Vec<u8>> {
    let secret = secret.trim();
    let text = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = ANY_PADDING.decode(text).ok()?;
    KEY_BYTES.contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::super::tests::request;
    use super::*;

    fn secrets(pairs: &[(&str, &[&str])]) -> Secrets {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let pairs = pairs
            .iter()
            .map(|(name, texts)| ((*name).to_owned(), owned(texts)));
        Secrets::new(pairs.collect())
    }

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of the Standard Webhooks libraries.
        let secrets = secrets(&[("key", &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])]);
        let signed = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(
            secrets.signatures(&["key".to_owned()], signed).unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn while_a_key_is_changed_both_sign() {
        let keys = [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ];
        let secrets = secrets(&[("key", &keys)]);
        let mut request = request("https://h.example/");
        request.request.auth = Auth::StandardWebhooks(vec!["key".to_owned()]);
        let proof = secrets
            .prove(&request.request, request.id(), request.date)
            .unwrap();
        let names: Vec<_> = proof.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            ["webhook-id", "webhook-timestamp", "webhook-signature"]
        );
        assert_eq!(proof[2].1.split(' ').count(), 2);
        assert_eq!(proof[1].1, request.date.as_second().to_string());
    }

    #[test]
    fn what_is_no_signing_key_is_named_and_not_shown() {
        for bad in ["", "whsec_", "not base64!", "c2hvcnQ="] {
            let secrets = secrets(&[("key", &[bad])]);
            let trouble = secrets.signatures(&["key".to_owned()], b"x").unwrap_err();
            assert!(matches!(&trouble, Trouble::Key(name) if name == "key"));
            assert!(bad.is_empty() || bad == "whsec_" || !trouble.to_string().contains(bad));
        }
    }

    #[test]
    fn secrets_are_put_in_by_name_and_taken_out_of_what_comes_back() {
        let secrets = secrets(&[("token", &["t0ps3cret", "older"])]);
        assert_eq!(secrets.fill("a{secret:token}b").unwrap(), "at0ps3cretb");
        assert!(matches!(
            secrets.fill("{secret:other}"),
            Err(Trouble::NoSecret(_))
        ));
        assert!(matches!(
            secrets.fill("{secret:token"),
            Err(Trouble::Template)
        ));
        let proof = [("authorization", "Basic dXNlcjp0".to_owned())];
        assert_eq!(
            secrets.cleaned("you sent t0ps3cret and Basic dXNlcjp0", &proof),
            "you sent {secret:token} and Basic {authorization}"
        );
        assert_eq!(format!("{secrets:?}"), "{\"token\"}");
    }
}
