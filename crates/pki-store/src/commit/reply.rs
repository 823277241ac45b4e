//! What the writer answers.

use crate::AcmeError;
use crate::IssueError;
use crate::commit::issue::reserve::Reserved;
use crate::commit::issue::upstream::UpstreamRecorded;
use crate::record::{
    AcmeAccount, AcmeKey, AcmeOrder, ApprovalRequest, CertificateRecord, DueChallenge, IssuerId,
    TokenRecord,
};

/// What came of an operation.
pub(crate) enum Reply {
    AcmeAccount(Result<AcmeAccount, AcmeError>),
    AcmeChallenges(Vec<DueChallenge>),
    AcmeKey(AcmeKey),
    AcmeOrder(Result<AcmeOrder, AcmeError>),
    Approval(Result<ApprovalRequest, IssueError>),
    Certificates(Vec<CertificateRecord>),
    Decided(ApprovalRequest),
    Done(bool),
    Issuer(IssuerId),
    Number(u64),
    Reserved(Result<Reserved, IssueError>),
    Token(TokenRecord),
    Upstream(UpstreamRecorded),
}

/// What an operation is known to answer.
pub(crate) trait Answer: Sized {
    fn of(reply: Reply) -> Option<Self>;
}

/// The reply of one kind, as its value.
macro_rules! answers {
    ($($kind:ident: $value:ty),* $(,)?) => {
        $(impl Answer for $value {
            fn of(reply: Reply) -> Option<Self> {
                match reply {
                    Reply::$kind(value) => Some(value),
                    _ => None,
                }
            }
        })*
    };
}

answers! {
    AcmeAccount: Result<AcmeAccount, AcmeError>,
    AcmeChallenges: Vec<DueChallenge>,
    AcmeKey: AcmeKey,
    AcmeOrder: Result<AcmeOrder, AcmeError>,
    Approval: Result<ApprovalRequest, IssueError>,
    Certificates: Vec<CertificateRecord>,
    Decided: ApprovalRequest,
    Done: bool,
    Issuer: IssuerId,
    Number: u64,
    Reserved: Result<Reserved, IssueError>,
    Token: TokenRecord,
    Upstream: UpstreamRecorded,
}
