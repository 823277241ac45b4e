//! The gate and the room of the session storage, apart from handshakes.

use pki_core::verify::VerifyError;
use test_pki::Ca;
use time::OffsetDateTime;

use super::*;
use crate::{
    rules::rule::Rule,
    verify::{
        context::{HandshakeContext, Verdict},
        denylist::Denylist,
        verdict_cache::{Verified, tests::trusting},
    },
};

const TTL: u64 = 100;

/// A gate, its client, and what revokes it.
fn gate(client_auth: ClientAuth) -> (Gate, Arc<Verified>, Arc<Denylist>) {
    let ca = Ca::root("root");
    let (verdicts, denylist) = trusting(&ca);
    let verdicts = Arc::new(verdicts);
    let alice = verdicts.verify(ca.client("alice").der(), &[], UnixTime::now());
    let gate = Gate {
        verdicts,
        client_auth,
        ttl: TTL,
    };
    (gate, alice.expect("a good certificate"), denylist)
}

#[tokio::test]
async fn a_session_is_stored_of_whoever_was_accepted() {
    for auth in [ClientAuth::Required, ClientAuth::Optional] {
        let (gate, alice, _) = gate(auth);
        let refused = || Verdict::Refused {
            error: VerifyError::SelfSigned {
                subject: "CN=mallory".to_owned(),
            },
            claimed: None,
        };
        for (verdict, expected) in [
            (Some(Verdict::Verified(Arc::clone(&alice))), Some(true)),
            (Some(refused()), None),
            (
                None,
                (auth == ClientAuth::Optional).then_some(false), // anonymous
            ),
        ] {
            let stored = HandshakeContext::scope(async {
                if let Some(verdict) = verdict {
                    assert!(context::note_verdict(verdict));
                }
                gate.store()
            });
            let (stored, _) = stored.await;
            let has_client = stored.map(|session| session.client.is_some());
            assert_eq!(has_client, expected, "{auth:?}");
        }
        // Outside of a handshake nobody knows whose it is.
        assert!(gate.store().is_none());
    }
}

#[tokio::test]
async fn a_session_is_resumed_in_time_and_while_its_client_is_good() {
    for auth in [ClientAuth::Required, ClientAuth::Optional] {
        let (gate, alice, denylist) = gate(auth);
        let now = UnixTime::now().as_secs();
        let resumes = async |client: Option<&Arc<Verified>>, began| {
            let session = Session {
                client: client.cloned(),
                began,
            };
            let (resumed, context) =
                HandshakeContext::scope(async { gate.resume(session.clone()) }).await;
            // Whoever is resumed is known to the connection, and nobody else.
            assert_eq!(context.session.is_some(), resumed);
            assert!(!gate.resume(session), "outside of a handshake");
            resumed
        };
        let anonymous = auth == ClientAuth::Optional;
        for (client, began, expected) in [
            (Some(&alice), now, true),
            (Some(&alice), now - TTL + 10, true),
            (Some(&alice), now - TTL - 1, false),
            // By a clock that was set back since.
            (Some(&alice), now + 1000, false),
            (None, now, anonymous),
            (None, now - TTL - 1, false),
        ] {
            let age = now.abs_diff(began);
            assert_eq!(resumes(client, began).await, expected, "{auth:?} {age}");
        }
        denylist.add(Rule::common_name("alice"), OffsetDateTime::now_utc());
        assert!(!resumes(Some(&alice), now).await);
        assert_eq!(resumes(None, now).await, anonymous);
    }
}

#[tokio::test]
async fn a_session_that_may_not_be_resumed_is_forgotten() {
    let (gate, alice, denylist) = gate(ClientAuth::Required);
    let sessions = Mutex::new(Sessions::new(NonZeroUsize::MIN));
    let storage = InMemory { gate, sessions };
    let handshake = HandshakeContext::scope(async {
        assert!(context::note_verdict(Verdict::Verified(alice)));
        assert!(storage.put(b"key".to_vec(), b"value".to_vec()));
        assert_eq!(storage.get(b"key"), Some(b"value".to_vec()));
        assert_eq!(storage.lock().held.len(), 1);
        denylist.add(Rule::common_name("alice"), OffsetDateTime::now_utc());
        assert_eq!(storage.get(b"key"), None);
        assert_eq!(storage.lock().held.len(), 0);
    });
    handshake.await;
}

#[test]
fn sessions_have_the_room_of_as_many_usual_ones() {
    let most = NonZeroUsize::new(3).expect("it is not zero");
    let room = 3 * USUAL;
    let mut sessions = Sessions::new(most);
    let put = |sessions: &mut Sessions, key: u8, size: usize| {
        let session = Session {
            client: None,
            began: 0,
        };
        let stored = sessions.put(vec![key], session, Zeroizing::new(vec![0; size]));
        let keys: Vec<u8> = sessions.held.iter().map(|(key, _)| key[0]).collect();
        let sizes = sessions.held.iter().map(|(_, (_, value))| value.len());
        assert_eq!(sessions.size, sizes.sum::<usize>());
        (stored, keys)
    };
    // The latest first.
    assert_eq!(put(&mut sessions, 1, USUAL), (true, vec![1]));
    assert_eq!(put(&mut sessions, 2, USUAL), (true, vec![2, 1]));
    assert_eq!(put(&mut sessions, 3, USUAL), (true, vec![3, 2, 1]));
    // One more than there may be, however small.
    assert_eq!(put(&mut sessions, 4, 1), (true, vec![4, 3, 2]));
    // The same again takes its own place.
    assert_eq!(put(&mut sessions, 3, USUAL), (true, vec![3, 4, 2]));
    // A large one takes that of others, as far as there is need.
    assert_eq!(put(&mut sessions, 5, room - USUAL), (true, vec![5, 3]));
    assert_eq!(put(&mut sessions, 6, room), (true, vec![6]));
    // One that nothing could make room for leaves the others alone.
    assert_eq!(put(&mut sessions, 7, room + 1), (false, vec![6]));
    assert!(sessions.take(&[7]).is_none());
    let (_, value) = sessions.take(&[6]).expect("it is there");
    assert_eq!((value.len(), sessions.size), (room, 0));
    assert!(sessions.take(&[6]).is_none());
}
