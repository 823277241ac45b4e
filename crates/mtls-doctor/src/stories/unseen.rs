//! What no connection from here can show: it is in the phone, the browser or the application.

use crate::finding::Question;

/// Questions for where the server accepts the identity and an application still has none.
pub(crate) fn where_the_server_is_fine() -> [Question; 4] {
    [web_view(), dismissed_prompt(), user_ca(), bypass()]
}

/// wry#1706, and every application that shows pages.
fn web_view() -> Question {
    Question::new(
        "Does the application show the page in a WebView?",
        "WKWebView and Android's WebView present no identity of the system. On iOS answer the challenge in \
         webView(_:didReceive:completionHandler:), on Android override onReceivedClientCertRequest; open the same URL in \
         Safari or Chrome to compare.",
    )
}

/// Android keeps the choice until the process ends.
fn dismissed_prompt() -> Question {
    Question::new(
        "Was the prompt for a certificate dismissed once on this Android device or in this browser?",
        "Chrome and WebView remember \"no certificate\" for the host and port until they are restarted. Force-stop the \
         application, call WebView.clearClientCertPreferences(null), or try the same server at another port.",
    )
}

/// coredevices#247, immich#29041.
fn user_ca() -> Question {
    Question::new(
        "Does the application trust CAs that the user has installed?",
        "Applications for Android 7 and later do not, unless their network_security_config has <certificates \
         src=\"user\" />; on iOS the root also has to be switched on under Settings, General, About, Certificate Trust \
         Settings. Open the URL in the system's browser to compare.",
    )
}

/// conduit#504, dotnet/runtime#132563.
fn bypass() -> Question {
    Question::new(
        "Do all requests of the application take the client with the identity?",
        "Image loaders, web sockets, background downloads and push extensions often use a client of their own, and a pool \
         may reuse a connection that was made with another identity. Log the server's view of each request (nginx: \
         $ssl_client_s_dn and $ssl_client_verify) and look for requests without a name.",
    )
}
