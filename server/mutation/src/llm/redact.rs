//! Secrets are taken out of whatever is sent or kept, and put back into code that comes back. Errs on the side of taking
//! out: what is no secret is put back all the same.

use std::sync::LazyLock;

use regex::Regex;

use super::provider::Secret;

/// Shapes of secrets; the first group, where there is one, is the secret itself.
const SHAPES: &[&str] = &[
    // Private keys, also when they are cut off.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)",
    // Keys that say whose they are.
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}",
    r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\bgithub_pat_[A-Za-z0-9_]{20,}",
    r"\bglpat-[A-Za-z0-9_-]{16,}",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{35}",
    r"\bya29\.[0-9A-Za-z_-]{20,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\bhf_[A-Za-z0-9]{20,}",
    r"\bnpm_[A-Za-z0-9]{30,}",
    r"\bpypi-[A-Za-z0-9_-]{32,}",
    r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    // Passwords in addresses, and tokens in headers.
    r"://[^\s/:@]+:([^\s/@]{3,})@",
    r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/-]{16,}=*)",
    // A name that says what it is, and a string.
    r#"(?i)(?:api_?key|access_?key|private_?key|secret|token|passwd|password|passphrase|credentials?)[\w-]*["']?\s*(?::=|=>|[:=])\s*["'`]([^"'`\n]{6,})["'`]"#,
    // Lines as in .env files.
    r"(?m)^[ \t]*(?:export[ \t]+)?[A-Z][A-Z0-9_]*(?:KEY|SECRET|TOKEN|PASSWORD|PASSWD|PWD|PASSPHRASE|CREDENTIALS?)[A-Z0-9_]*=([^\s\x22'`$({<]{6,})",
];

static SECRETS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SHAPES.iter().filter_map(|shape| Regex::new(shape).ok()).collect());

/// The secrets of one question and its answer.
#[derive(Debug)]
pub(crate) struct Redaction {
    key: Option<Secret>,
    hidden: Vec<String>,
}

impl Redaction {
    /// `key` is the one that goes along in a header, and nowhere else.
    pub(crate) fn new(key: Option<&Secret>) -> Self {
        Self { key: key.cloned(), hidden: Vec::new() }
    }

    /// `text` with a mark in place of every secret.
    pub(crate) fn hide(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(key) = self.key.clone() {
            text = self.replace(&text, key.expose());
        }
        for shape in SECRETS.iter() {
            // One at a time: what was taken out may have been part of what another shape sees.
            while let Some(secret) = found(shape, &text) {
                text = self.replace(&text, &secret);
            }
        }
        text
    }

    fn replace(&mut self, text: &str, secret: &str) -> String {
        if !text.contains(secret) {
            return text.to_owned();
        }
        let number = self.hidden.iter().position(|known| known == secret).unwrap_or_else(|| {
            self.hidden.push(secret.to_owned());
            self.hidden.len() - 1
        });
        text.replace(secret, &mark(number))
    }

    /// `text` with the secrets in place of their marks.
    pub(crate) fn restore(&self, text: &str) -> String {
        let hidden = self.hidden.iter().enumerate();
        hidden.fold(text.to_owned(), |text, (number, secret)| text.replace(&mark(number), secret))
    }
}

/// What no shape takes for a secret.
fn mark(number: usize) -> String {
    format!("<REDACTED {number}>")
}

fn found(shape: &Regex, text: &str) -> Option<String> {
    let mut all =
        shape.captures_iter(text).filter_map(|captures| captures.get(1).or_else(|| captures.get(0)));
    all.find(|found| !found.as_str().contains("<REDACTED ")).map(|found| found.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys are put together here, so that no scanner takes this file for a leak.
    fn secrets() -> Vec<(String, String)> {
        let letters = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
        let of = |prefix: &str| format!("{prefix}{letters}");
        let pem = format!("-----BEGIN RSA {0}-----\nMIIE\nabc\n-----END RSA {0}-----", "PRIVATE KEY");
        vec![
            (format!("x = '{}'", of("sk-")), of("sk-")),
            (format!("curl -H {}", of("ghp_")), of("ghp_")),
            (format!("id={}", "AKIA1234567890ABCDEF"), "AKIA1234567890ABCDEF".to_owned()),
            (format!("E   got {}", of("xoxb-")), of("xoxb-")),
            (pem.clone(), "MIIE".to_owned()),
            (pem[..40].to_owned(), "MII".to_owned()),
            ("postgres://me:hunter22@db/x".to_owned(), "hunter22".to_owned()),
            ("Authorization: Bearer 0123456789abcdef0123".to_owned(), "0123456789abcdef0123".to_owned()),
            ("db_password = \"correct horse\"".to_owned(), "correct horse".to_owned()),
            ("{\"apiKey\": \"qwertyuiop\"}".to_owned(), "qwertyuiop".to_owned()),
            ("  const token := `abc-def-ghi`".to_owned(), "abc-def-ghi".to_owned()),
            (
                "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG".to_owned(),
                "wJalrXUtnFEMI/K7MDENG".to_owned(),
            ),
        ]
    }

    #[test]
    fn every_shape_is_one() {
        assert_eq!(SECRETS.len(), SHAPES.len());
    }

    #[test]
    fn secrets_are_hidden_and_come_back() {
        for (text, secret) in secrets() {
            let mut redaction = Redaction::new(None);
            let hidden = redaction.hide(&text);
            assert!(!hidden.contains(&secret) && hidden.contains("<REDACTED 0>"), "{hidden}");
            assert_eq!(redaction.restore(&hidden), text);
            assert_eq!(redaction.hide(&hidden), hidden, "a mark is no secret");
        }
    }

    #[test]
    fn code_that_only_speaks_of_secrets_stays_as_it_is() {
        let mut redaction = Redaction::new(None);
        for text in [
            "token = tokens[0]",
            "def read(password, key=None):",
            "if token == 'end':",
            "key = lambda pair: pair[1]",
            "KEY=$(cat key)",
            "password = getpass()",
            "https://example.com/a:b@c",
        ] {
            assert_eq!(redaction.hide(text), text);
        }
    }

    #[test]
    fn the_key_of_the_provider_is_hidden_whatever_it_looks_like_and_several_are_told_apart() {
        let key = Secret::new("plainword");
        let mut redaction = Redaction::new(key.as_ref());
        let text = "plainword, password = 'one-two', plainword, password = 'three-four'";
        let hidden = redaction.hide(text);
        assert_eq!(
            hidden,
            "<REDACTED 0>, password = '<REDACTED 1>', <REDACTED 0>, password = '<REDACTED 2>'"
        );
        assert_eq!(redaction.restore(&hidden), text);
    }
}
