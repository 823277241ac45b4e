//! Moving a store to another database. Between the two kinds of databases it is tested where there is a PostgreSQL.

use std::sync::Arc;

use pki_core::verify::RevocationReason;
use pki_store::{AuditError, CopyError, Filter, Page, Selector, Store, StoreError, StoreUrl, copy};
use rusqlite::Connection;
use time::Duration;

use crate::kit::{Done, Kit, actor, new_key, now, of};

/// A CA that has issued, revoked and signed something.
async fn used() -> Result<Kit, Box<dyn std::error::Error + Send + Sync>> {
    let kit = Kit::new().await;
    for number in 0..300 {
        kit.issue(&format!("c{number}")).await?;
    }
    let name = Selector::Name("c7".parse()?);
    let reason = RevocationReason::KeyCompromise;
    let revoked = kit.store.revoke(&of(name), reason, &actor(), now()).await?;
    assert_eq!(revoked.len(), 1);
    kit.ca.sign_crl(0, Duration::DAY, now()).await?;
    kit.store.claim_once("told").await?;
    let signer = Arc::new(new_key());
    kit.store.make_checkpoint(signer, None, now()).await?;
    Ok(kit)
}

#[tokio::test]
async fn a_copy_is_the_same_and_goes_on() -> Done {
    let kit = used().await?;
    let url: StoreUrl = kit.directory.path().join("copy.db").into();
    let copied = copy(kit.store.url(), &url, |_| {}).await?;
    assert_eq!(copied.rows["certificates"], 300);
    assert_eq!(copied.rows["revocations"], 1);
    assert_eq!(copied.checkpoints, 1);
    let again = Store::open(&url).await?;
    assert_eq!(again.id(), kit.store.id());
    assert_eq!(again.audit_head().await?, kit.store.audit_head().await?);
    assert_eq!(again.revision().await?, kit.store.revision().await?);
    assert!(!again.claim_once("told").await?);
    let page = Page::first(1000);
    let all = Filter::default();
    assert_eq!(
        format!("{:?}", again.certificates(&all, page, now()).await?),
        format!("{:?}", kit.store.certificates(&all, page, now()).await?)
    );
    let issuer = kit.ca.issuer().id;
    assert_eq!(again.next_crl_number(issuer, 0).await?, 2);
    again.verify_audit().await?;
    // What is issued now has numbers of its own.
    let revoked = of(Selector::Name("c8".parse()?));
    let reason = RevocationReason::Superseded;
    again.revoke(&revoked, reason, &actor(), now()).await?;
    again.verify_records().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_in_use_is_not_written_to() -> Done {
    let kit = used().await?;
    let other = Kit::new().await;
    let before = other.store.audit_head().await?;
    let refused = copy(kit.store.url(), other.store.url(), |_| {}).await;
    assert!(
        matches!(&refused, Err(CopyError::NotEmpty { .. })),
        "{refused:?}"
    );
    assert_eq!(other.store.audit_head().await?, before);
    let missing = kit.directory.path().join("missing.db").into();
    let to = kit.directory.path().join("to.db").into();
    let refused = copy(&missing, &to, |_| {}).await;
    assert!(
        matches!(&refused, Err(CopyError::Source(StoreError::Missing { .. }))),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_does_not_verify_is_said() -> Done {
    let kit = used().await?;
    let file = Connection::open(kit.path())?;
    file.execute_batch("UPDATE audit SET actor = 'somebody else' WHERE seq = 9")?;
    let to = kit.directory.path().join("to.db").into();
    let refused = copy(kit.store.url(), &to, |_| {}).await;
    assert!(
        matches!(&refused, Err(CopyError::Audit(AuditError::Broken(_)))),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn tables_that_only_one_of_them_has_are_noticed() -> Done {
    let kit = Kit::new().await;
    let file = Connection::open(kit.path())?;
    file.execute_batch("CREATE TABLE colours (colour TEXT NOT NULL PRIMARY KEY) STRICT")?;
    let to = kit.directory.path().join("to.db").into();
    let refused = copy(kit.store.url(), &to, |_| {}).await;
    assert!(
        matches!(&refused, Err(CopyError::Schema { table }) if table == "colours"),
        "{refused:?}"
    );
    Ok(())
}
