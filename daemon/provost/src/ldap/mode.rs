//! How a source is read: everything each time, what changed since the last time, or each change as it happens.

use std::fmt;
use std::str::FromStr;

use super::content_sync::SYNC_REQUEST;
use super::dirsync_control::DIRSYNC;
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
    /// What changed since the last time, as Active Directory tells it (MS-ADTS 3.1.1.3.4.1.3).
    DirSync,
    /// Each change as it happens, where the server can tell (RFC 4533, refreshAndPersist).
    Live,
    /// As `Auto`, without following: what `live = false` asks for.
    Rounds,
}

impl FromStr for Mode {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "full" => Ok(Self::Full),
            "refresh" => Ok(Self::Refresh),
            "dirsync" => Ok(Self::DirSync),
            "live" => Ok(Self::Live),
            _ => Err("must be \"auto\", \"full\", \"refresh\", \"live\" or \"dirsync\""),
        }
    }
}

/// How changes are learned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By reading everything and comparing.
    Full,
    /// By RFC 4533, refreshOnly.
    Refresh,
    /// By RFC 4533, refreshAndPersist, with rounds of refreshOnly beside it.
    Live,
    /// By Active Directory's DirSync control.
    DirSync,
}

/// The mode that a source is read in, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What is read between full reads.
    pub how: How,
    /// Why.
    pub because: String,
}

impl Way {
    /// What the configuration asks for, as far as the server can do it.
    pub(super) fn choose(mode: Mode, root: &RootDse, id: &IdAttribute) -> Self {
        let able = match mode {
            Mode::Full => Err("the configuration says so".to_owned()),
            Mode::Auto | Mode::Rounds if root.vendor.is_active_directory() => dirsync(root, id),
            Mode::DirSync => dirsync(root, id),
            Mode::Auto | Mode::Rounds | Mode::Refresh | Mode::Live => refresh(root, id),
        };
        let (how, because) = match able {
            Ok(able) => able,
            Err(because) => {
                let how = How::Full;
                return Self { how, because };
            }
        };
        // A slapd that knows the control tells changes as they happen, too. Whether it really does shows when asked.
        let follows = matches!(mode, Mode::Auto | Mode::Live) && root.vendor == Vendor::OpenLdap;
        let because = match mode {
            Mode::Auto | Mode::Rounds => because,
            Mode::Live if !follows => {
                format!("{because}; only openldap is followed as changes happen")
            }
            _ => "the configuration says so, and the server can".to_owned(),
        };
        Self {
            how: if follows { How::Live } else { how },
            because,
        }
    }

    /// Changes alone can be read between full reads.
    pub fn tells_changes(&self) -> bool {
        self.how != How::Full
    }

    /// The word of the configuration.
    pub fn word(&self) -> &'static str {
        match self.how {
            How::Full => "full",
            How::Refresh => "refresh",
            How::Live => "live",
            How::DirSync => "dirsync",
        }
    }
}

/// Whether changes can be read by RFC 4533, or why not.
fn refresh(root: &RootDse, id: &IdAttribute) -> Result<(How, String), String> {
    if !matches!(root.vendor, Vendor::OpenLdap | Vendor::Ds389) {
        return Err(format!(
            "changes alone are read by RFC 4533 from openldap and ds389 only, this server is {}",
            root.vendor
        ));
    }
    if !root.knows(SYNC_REQUEST) {
        let part = match root.vendor {
            Vendor::Ds389 => "the plugin Content Synchronization is not enabled",
            _ => "the overlay syncprov is not loaded",
        };
        return Err(format!("supportedControl lacks {SYNC_REQUEST}: {part}"));
    }
    if root.vendor == Vendor::Ds389 && !root.keeps_changes {
        return Err(
            "the root entry has no firstchangenumber: the Retro Changelog plugin is not enabled, or hidden"
                .to_owned(),
        );
    }
    needs_id(root, id)?;
    Ok((How::Refresh, format!("supportedControl has {SYNC_REQUEST}")))
}

/// Whether changes can be read by DirSync, or why not.
fn dirsync(root: &RootDse, id: &IdAttribute) -> Result<(How, String), String> {
    if !root.vendor.is_active_directory() {
        return Err(format!(
            "DirSync is a protocol of Active Directory, this server is {}",
            root.vendor
        ));
    }
    if !root.knows(DIRSYNC) {
        return Err(format!("supportedControl lacks {DIRSYNC}"));
    }
    needs_id(root, id)?;
    Ok((How::DirSync, format!("supportedControl has {DIRSYNC}")))
}

/// Servers report changes by the vendor's own id.
fn needs_id(root: &RootDse, id: &IdAttribute) -> Result<(), String> {
    let own = root.vendor.id_attribute().name;
    match id.name.eq_ignore_ascii_case(&own) {
        true => Ok(()),
        false => Err(format!(
            "deletions are reported by {own}, and id-attribute is {}",
            id.name
        )),
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
            settings: None,
            keeps_changes: true,
        }
    }

    #[test]
    fn changes_alone_are_read_where_the_server_is_known_to_tell_them() {
        let way = |mode, vendor, controls: &[&str], id: &str| {
            Way::choose(mode, &root(vendor, controls), &IdAttribute::named(id)).how
        };
        let sync = [SYNC_REQUEST];
        let refresh = |vendor, id| way(Mode::Auto, vendor, &sync, id);
        assert_eq!(refresh(Vendor::OpenLdap, "entryUUID"), How::Live);
        assert_eq!(refresh(Vendor::Ds389, "nsuniqueid"), How::Refresh);
        assert_eq!(refresh(Vendor::OpenLdap, "employeeNumber"), How::Full);
        assert_eq!(refresh(Vendor::Generic, "entryUUID"), How::Full);
        let openldap = |mode, controls: &[&str]| way(mode, Vendor::OpenLdap, controls, "entryUUID");
        assert_eq!(openldap(Mode::Refresh, &sync), How::Refresh);
        assert_eq!(openldap(Mode::Full, &sync), How::Full);
        assert_eq!(openldap(Mode::Refresh, &[]), How::Full);
        assert_eq!(openldap(Mode::DirSync, &sync), How::Full);
        let samba = |mode, controls: &[&str], id| way(mode, Vendor::SambaAd, controls, id);
        assert_eq!(samba(Mode::Auto, &[DIRSYNC], "objectGUID"), How::DirSync);
        assert_eq!(samba(Mode::DirSync, &[DIRSYNC], "objectGUID"), How::DirSync);
        assert_eq!(samba(Mode::Auto, &[], "objectGUID"), How::Full);
        assert_eq!(samba(Mode::Auto, &[DIRSYNC], "employeeID"), How::Full);
        assert_eq!(samba(Mode::Refresh, &[DIRSYNC], "objectGUID"), How::Full);
    }

    #[test]
    fn a_389_without_its_changelog_is_read_whole() {
        let mut root = root(Vendor::Ds389, &[SYNC_REQUEST]);
        root.keeps_changes = false;
        let way = Way::choose(Mode::Auto, &root, &IdAttribute::named("nsUniqueId"));
        assert_eq!(way.how, How::Full);
        assert!(way.because.contains("Retro Changelog"), "{}", way.because);
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
