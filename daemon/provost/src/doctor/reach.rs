//! Directories and the mail relay: connected to as for the work itself, and left again.

use std::path::Path;

use super::Finding;
use super::files::{placed, secret};
use crate::config::Config;
use crate::config::mail::MailSettings;
use crate::config::source::{Bind, Source};
use crate::deliver::Smtp;
use crate::ldap::{Directory as _, LdapDirectory};
use crate::live::chain;

pub(super) fn all(config: &Config, credentials: Option<&Path>) -> Vec<Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(why) => {
            let advice = "free descriptors and memory, and ask again";
            return vec![Finding::problem("network", why.to_string(), advice)];
        }
    };
    runtime.block_on(async {
        let mut findings = Vec::new();
        for source in config.sources.values() {
            findings.push(directory(source).await);
        }
        if let Some(settings) = &config.mail {
            findings.push(relay(settings, credentials).await);
        }
        findings
    })
}

/// Connects, makes the line private, binds, and reads what the server says of itself.
async fn directory(source: &Source) -> Finding {
    let about = format!("directory {}", source.id);
    let mut source = source.clone();
    if let Bind::Simple { password_file, .. } = &mut source.bind {
        *password_file = placed(password_file);
    }
    match LdapDirectory.open(&source).await {
        Ok(reading) => Finding::well(about, format!("{} answers", reading.server().address)),
        Err(error) => Finding::problem(
            about,
            chain(&error),
            format!(
                "mend what it says; `provost sync probe {}` tells more of a server that answers",
                source.id
            ),
        ),
    }
}

/// Connects, makes the line private, logs in, and takes leave. No mail is begun.
async fn relay(settings: &MailSettings, credentials: Option<&Path>) -> Finding {
    let about = format!("mail relay {}", settings.relay);
    let advice = "mend [mail], or the relay: notices wait meanwhile, and nobody is moved on";
    let mut settings = settings.clone();
    if let Some(login) = &mut settings.login
        && let Ok(placed) = secret(&login.password, credentials)
            .display()
            .to_string()
            .parse()
    {
        login.password = placed;
    }
    let smtp = match Smtp::new(&settings, credentials) {
        Ok(smtp) => smtp,
        Err(error) => return Finding::problem(about, chain(&error), advice),
    };
    match smtp.visit().await {
        Ok(()) => Finding::well(about, "it answers"),
        Err(why) => Finding::problem(about, why, advice),
    }
}
