//! A router asked without a connection.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use tower::ServiceExt as _;

/// Status and body of `GET /`; whatever is no success says why as a problem.
pub async fn ask(router: Router) -> (StatusCode, String) {
    super::audit::listen();
    let request = Request::get("/").body(Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let status = answer.status();
    if status != StatusCode::OK {
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    }
    let body = to_bytes(answer.into_body(), 4096).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}
