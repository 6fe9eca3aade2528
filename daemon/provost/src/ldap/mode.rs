//! How a source is read: everything each time, what changed since the last time, or each change as it happens.

use std::fmt;
use std::str::FromStr;

use super::content_sync::SYNC_REQUEST;
use super::profile::{RootDse, Vendor};
use provost_core::directory::IdAttribute;

/// The mode as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Worked out from the server's root entry.
    Auto,
    /// Everything, each time.
    Full,
    /// What changed since the last time, where the server can tell (RFC 4533, refreshOnly).
    Refresh,
    /// Each change as it happens, where the server can tell (RFC 4533, refreshAndPersist).
    Live,
}

impl FromStr for Mode {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "full" => Ok(Self::Full),
            "refresh" => Ok(Self::Refresh),
            "live" => Ok(Self::Live),
            _ => Err("must be \"auto\", \"full\", \"refresh\" or \"live\""),
        }
    }
}

/// The mode that a source is read in, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Changes alone can be read between full reads.
    pub refresh: bool,
    /// They are told as they happen besides.
    pub live: bool,
    /// Why.
    pub because: String,
}

impl Way {
    /// What the configuration asks for, as far as the server can do it.
    pub(super) fn choose(mode: Mode, root: &RootDse, id: &IdAttribute) -> Self {
        let full = |because: String| Self {
            refresh: false,
            live: false,
            because,
        };
        if mode == Mode::Full {
            return full("the configuration says so".to_owned());
        }
        if root.vendor != Vendor::OpenLdap {
            // 389-ds loses deletions without a word, Active Directory has another protocol: neither is trusted yet.
            return full(format!(
                "changes alone are read from openldap only, this server is {}",
                root.vendor
            ));
        }
        if !root.knows(SYNC_REQUEST) {
            return full(format!(
                "supportedControl lacks {SYNC_REQUEST}: the overlay syncprov is not loaded"
            ));
        }
        if !id.name.eq_ignore_ascii_case("entryUUID") {
            return full(format!(
                "deletions are reported by entryUUID, and id-attribute is {}",
                id.name
            ));
        }
        // A server that knows the control tells changes as they happen, too: RFC 4533 has no word for one that does
        // not, and slapd always does. Whether it really does shows when it is asked to.
        let because = match mode {
            Mode::Refresh | Mode::Live => {
                "the configuration says so, and the server can".to_owned()
            }
            Mode::Auto | Mode::Full => format!("supportedControl has {SYNC_REQUEST}"),
        };
        Self {
            refresh: true,
            live: matches!(mode, Mode::Auto | Mode::Live),
            because,
        }
    }

    /// The word of the configuration.
    pub fn word(&self) -> &'static str {
        match (self.live, self.refresh) {
            (true, _) => "live",
            (false, true) => "refresh",
            (false, false) => "full",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(vendor: Vendor, controls: &[&str]) -> RootDse {
        RootDse {
            vendor,
            because: String::new(),
            controls: controls.iter().map(|oid| (*oid).to_owned()).collect(),
            schema: None,
            contexts: Vec::new(),
        }
    }

    #[test]
    fn changes_alone_are_read_where_the_server_is_known_to_tell_them() {
        let way = |mode, vendor, controls: &[&str], id: &str| {
            Way::choose(mode, &root(vendor, controls), &IdAttribute::named(id)).refresh
        };
        let sync = [SYNC_REQUEST];
        assert!(way(Mode::Auto, Vendor::OpenLdap, &sync, "entryUUID"));
        assert!(way(Mode::Refresh, Vendor::OpenLdap, &sync, "entryUUID"));
        assert!(!way(Mode::Full, Vendor::OpenLdap, &sync, "entryUUID"));
        assert!(!way(Mode::Refresh, Vendor::OpenLdap, &[], "entryUUID"));
        assert!(!way(Mode::Auto, Vendor::Ds389, &sync, "nsUniqueId"));
        assert!(!way(Mode::Auto, Vendor::OpenLdap, &sync, "employeeNumber"));
    }

    #[test]
    fn a_server_that_can_is_followed_unless_the_configuration_says_otherwise() {
        let word = |mode, controls: &[&str]| {
            let id = IdAttribute::named("entryUUID");
            Way::choose(mode, &root(Vendor::OpenLdap, controls), &id).word()
        };
        assert_eq!(word(Mode::Auto, &[SYNC_REQUEST]), "live");
        assert_eq!(word(Mode::Live, &[SYNC_REQUEST]), "live");
        assert_eq!(word(Mode::Refresh, &[SYNC_REQUEST]), "refresh");
        assert_eq!(word(Mode::Full, &[SYNC_REQUEST]), "full");
        assert_eq!(word(Mode::Live, &[]), "full");
    }
}
