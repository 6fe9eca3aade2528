//! Lists, page by page.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::rig::Rig;

/// All items of a list, `limit` at a time, and how many pages it took.
async fn all(rig: &Rig, path: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut from) = (Vec::new(), 0, String::new());
    loop {
        let page = rig
            .get(&rig.admin, &format!("{path}?limit={limit}{from}"))
            .await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let page = page.json();
        let found = page["items"].as_array().unwrap();
        assert!(found.len() <= limit, "{page}");
        items.extend(found.iter().cloned());
        pages += 1;
        match page["next"].as_str() {
            None => return (items, pages),
            Some(next) => from = format!("&cursor={}", next.replace(' ', "%20")),
        }
    }
}

#[tokio::test]
async fn a_list_read_page_by_page_is_the_whole_list_in_its_order() {
    let rig = Rig::new().await;
    let ben = json!({ "person": "ben" });
    let made = rig.post(&rig.admin, "/v1/contacts/designate", &ben).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    for (path, key) in [("/v1/contacts", "person"), ("/v1/journal", "seq")] {
        let (whole, pages) = all(&rig, path, 1000).await;
        assert_eq!(pages, 1);
        assert!(whole.len() >= 3, "{path}: {whole:?}");
        for limit in [1, 2] {
            let (pieced, pages) = all(&rig, path, limit).await;
            assert!(pages >= whole.len() / limit, "{path}: {pages}");
            assert_eq!(pieced, whole, "{path} by {limit}");
        }
        let mut keys: Vec<_> = whole.iter().map(|item| item[key].to_string()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), whole.len(), "{path}");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused_with_the_name_of_what_is_wrong() {
    let rig = Rig::new().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=nonsense", "cursor"),
    ] {
        let refused = rig.get(&rig.admin, &format!("/v1/contacts?{query}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(refused.json()["field"], field, "{}", refused.text);
    }
}
