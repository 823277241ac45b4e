//! An SDK on reqwest: typed calls to an API that only holders of a certificate reach.
//!
//! ```sh
//! cargo run -p integrations --example sdk
//! cargo run -p integrations --example sdk -- https://localhost:8443 --ca ca.crt --cert client.crt --key client.key
//! ```

use std::process::ExitCode;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use clap::Parser;
use examples::{Peer, finish, print};
use mtls_client::{Connector, Error, ErrorKind, Rotating, SafeRetry};
use reqwest::{StatusCode as Status, Url};
use serde::{Deserialize, Serialize};

/// An order, as the API gives it.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) item: String,
}

/// The API's client. Cheap to clone; its certificate is replaced with that of the connector.
#[derive(Clone)]
pub(crate) struct Orders {
    http: Rotating<reqwest::Client>,
    base: Url,
}

impl Orders {
    pub(crate) fn new(connector: &Connector, base: Url) -> Result<Self, Error> {
        let host = base.host_str().unwrap_or_default().to_owned();
        let make = move |connector: &Connector| {
            // A request that reached nobody is sent again.
            let client = connector.reqwest().retry(SafeRetry::reqwest(host.clone()));
            client.build()
        };
        let http = connector.rotating(make).map_err(Error::from_reqwest)?;
        Ok(Self { http, base })
    }

    /// The order of this number, if there is one.
    pub(crate) async fn get(&self, number: u32) -> Result<Option<Order>, Error> {
        match self.call(&format!("orders/{number}")).await {
            Ok(order) => Ok(Some(order)),
            Err(error) if *error.kind() == ErrorKind::Status(Status::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn call<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T, Error> {
        let mut url = self.base.clone();
        url.set_path(path);
        let call = async {
            let answer = self.http.get().get(url).send().await?;
            answer.error_for_status()?.json().await
        };
        call.await.map_err(Error::from_reqwest)
    }
}

/// Asks for an order that is there, and for one that is not.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    peer: Peer,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let orders = orders(options.peer).await?;
    for number in [7, 8] {
        match orders.get(number).await? {
            Some(order) => print(&format!("order {}: {}\n", order.number, order.item))?,
            None => print(&format!("there is no order {number}\n"))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A client of the API at `peer`.
pub(crate) async fn orders(peer: Peer) -> anyhow::Result<Orders> {
    let api = Router::new().route("/orders/{number}", get(order));
    let (url, builder) = peer.find(api, "/").await?;
    Ok(Orders::new(&builder.build()?, url.to_string().parse()?)?)
}

async fn order(Path(number): Path<u32>) -> Result<Json<Order>, StatusCode> {
    let item = match number {
        7 => "two apples".to_owned(),
        _ => return Err(StatusCode::NOT_FOUND),
    };
    Ok(Json(Order { number, item }))
}
