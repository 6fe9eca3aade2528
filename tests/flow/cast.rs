//! The people of the stories about notices.

/// When Ana was last seen,
pub(crate) const LAST_SEEN: &str = "2024-09-03T10:00:00-06:00";
/// and the moment at which she is told, 180 days later.
pub(crate) const NOTICE_DAY: &str = "2025-03-02T10:00:00-07:00";

/// Ana, a support contact who was last seen on 3 September, with these mail addresses.
pub(crate) fn quiet_ana(mail: &[&str]) -> String {
    format!(
        "[[person]]\nid = \"ana\"\ndistrict = \"lone-pine\"\nusername = \"aortiz\"\nname = \"Ana Ortiz\"\n\
         mail = {mail:?}\n\
         [[contact]]\nperson = \"ana\"\ntype = \"support\"\ndesignated = \"2024-01-10T09:00:00-07:00\"\n\
         last-activity = \"{LAST_SEEN}\"\n"
    )
}

/// Ana with her one address.
pub(crate) fn ana() -> String {
    quiet_ana(&["ana.ortiz@lonepine.example"])
}

/// Ben, the technical contact, designated then and last seen then; without that, he counts from his designation.
pub(crate) fn ben(designated: &str, last_seen: Option<&str>) -> String {
    let last_seen = last_seen.map(|at| format!("last-activity = \"{at}\"\n"));
    format!(
        "[[person]]\nid = \"ben\"\ndistrict = \"lone-pine\"\nusername = \"bwhite\"\nname = \"Ben White\"\n\
         mail = [\"ben.white@lonepine.example\"]\n\
         [[contact]]\nperson = \"ben\"\ntype = \"technical\"\ndesignated = \"{designated}\"\n{}",
        last_seen.unwrap_or_default()
    )
}
