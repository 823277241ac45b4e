//! A network of the cluster's own: a bridge, and a namespace for each PostgreSQL, whose cable can be pulled.

use std::net::Ipv4Addr;
use std::process::Command;

use anyhow::{Result, ensure};
use suite::process::run;

pub(crate) struct Network {
    number: u8,
    nodes: u8,
}

impl Network {
    /// # Errors
    ///
    /// If this user may not make one, which takes root.
    pub(crate) fn new(nodes: u8) -> Result<Self> {
        // One that another run uses is left alone.
        let number = (std::process::id() % 200 + 20) as u8;
        let network = Self { number, nodes };
        let bridge = network.bridge();
        ip(&format!("link add {bridge} type bridge"))?;
        ip(&format!("addr add {}/24 dev {bridge}", network.outside()))?;
        ip(&format!("link set {bridge} up"))?;
        for node in 1..=nodes {
            let (space, address) = (network.space(node), network.address(node));
            ip(&format!("netns add {space}"))?;
            ip(&format!(
                "link add {space} type veth peer name eth0 netns {space}"
            ))?;
            ip(&format!("link set {space} master {bridge} up"))?;
            ip(&format!("-n {space} addr add {address}/24 dev eth0"))?;
            ip(&format!("-n {space} link set eth0 up"))?;
            ip(&format!("-n {space} link set lo up"))?;
        }
        Ok(network)
    }

    /// Where everything else is that talks to the nodes.
    pub(crate) fn outside(&self) -> Ipv4Addr {
        self.address(254)
    }

    pub(crate) fn address(&self, node: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.number, node)
    }

    pub(crate) fn subnet(&self) -> String {
        format!("{}/24", self.address(0))
    }

    /// A command that runs in the namespace of a node.
    pub(crate) fn inside(&self, node: u8) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.space(node)]);
        command
    }

    pub(crate) fn cut(&self, node: u8) -> Result<()> {
        ip(&format!("link set {} down", self.space(node)))
    }

    pub(crate) fn heal(&self, node: u8) -> Result<()> {
        ip(&format!("link set {} up", self.space(node)))
    }

    fn bridge(&self) -> String {
        format!("xha{}", self.number)
    }

    fn space(&self, node: u8) -> String {
        format!("xha{}-{node}", self.number)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for node in 1..=self.nodes {
            let space = self.space(node);
            let _ = ip(&format!("link del {space}"));
            let _ = ip(&format!("netns del {space}"));
        }
        let _ = ip(&format!("link del {}", self.bridge()));
    }
}

fn ip(arguments: &str) -> Result<()> {
    let done = run(Command::new("ip").args(arguments.split(' ')), None)?;
    ensure!(done.success(), "ip {arguments}: {}", done.reason());
    Ok(())
}
