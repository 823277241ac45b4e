//! Many requesters at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use pki_core::verify::RevocationReason;
use pki_store::{Filter, Idempotency, KeyReuse, Page, Selector, Store, StoreUrl};
use time::Duration;
use tokio::task::JoinSet;

use crate::kit::{Authorities, Done, actor, client, new_key, now, of, order};

/// 10,000 in a release build; debug code is some ten times slower.
const CERTIFICATES: usize = if cfg!(debug_assertions) {
    1_600
} else {
    10_000
};

const REQUESTERS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn many_requesters_of_two_processes_get_each_certificate_once() -> Done {
    let authorities = Authorities::new();
    let directory = tempfile::tempdir()?;
    let url = StoreUrl::from(directory.path().join("store.db"));
    let mut cas = Vec::new();
    // Two handles are to a database what two processes are.
    for _ in 0..2 {
        let store = Store::open(&url).await?;
        let [_, ca] = authorities.again().in_store(&store, 1).await;
        cas.push(ca);
    }
    let keys: Arc<Vec<_>> = Arc::new((0..8).map(|_| new_key()).collect());
    let mut requesters = JoinSet::new();
    for requester in 0..REQUESTERS {
        let (ca, keys) = (cas[requester % 2].clone(), keys.clone());
        requesters.spawn(async move {
            let profile = client();
            let mut serials = Vec::new();
            for number in (requester..CERTIFICATES).step_by(REQUESTERS) {
                // Each order comes to both handles.
                let number = number / 2;
                let order = order(&format!("c{number}"), &keys[number % keys.len()], &profile)
                    .key_reuse(KeyReuse::Any)
                    .idempotency(Idempotency {
                        key: format!("request {number}"),
                        payload_sha256: [1; 32],
                    });
                serials.push((number, ca.issue(order, now()).await?.record.serial));
            }
            Ok::<_, pki_store::IssueError>(serials)
        });
    }
    let mut given_out = BTreeSet::new();
    for serials in requesters.join_all().await {
        given_out.extend(serials?);
    }
    // One serial number for each order, though each was made twice.
    assert_eq!(given_out.len(), CERTIFICATES / 2);
    let store = cas[0].store();
    let page = Page::first(u32::try_from(CERTIFICATES)?);
    let listed = store.certificates(&Filter::default(), page, now()).await?;
    assert_eq!(listed.len(), CERTIFICATES / 2);
    let serials: BTreeSet<_> = listed.iter().map(|record| record.serial.clone()).collect();
    assert_eq!(
        serials,
        given_out.into_iter().map(|(_, serial)| serial).collect()
    );
    let head = store.verify_audit().await?;
    // Two issuers, and two rows for each certificate.
    assert_eq!(head.seq, 2 + u64::try_from(CERTIFICATES)?);

    let selection = of(Selector::Profile("client".into()));
    let reason = RevocationReason::CessationOfOperation;
    let revoked = store.revoke(&selection, reason, &actor(), now()).await?;
    assert_eq!(revoked.len(), CERTIFICATES / 2);
    let crl = cas[1].sign_crl(0, Duration::DAY, now()).await?;
    assert_eq!(crl.entries, u64::try_from(CERTIFICATES / 2)?);
    store.verify_audit().await?;
    Ok(())
}
