// Where the lab's server is, and what the app trusts and presents. The one source file that differs from lab to lab.

package local.example.lab;

public final class Lab {
    /** The server. A phone has to resolve this name: make the lab with {@code --san NAME} for one that it does. */
    public static final String HOST = "@HOST@";
    public static final int PORT = @PORT@;
    public static final String URL = "https://" + HOST + ":" + PORT + "/";

    /**
     * SHA-256 of public keys (SubjectPublicKeyInfo), as OkHttp writes them: that of the server, and that of its CA. With
     * the CA's key among the pins, the server may change its own key. With the server's alone, it must not.
     */
    public static final String SERVER_PIN = "sha256/@SERVER_PIN@";
    public static final String CA_PIN = "sha256/@CA_PIN@";

    /** Of {@code same-ca/client_ios.p12}. Everybody knows it: an app that protects anything asks its user. */
    public static final String PASSWORD = "@PASSWORD@";

    private Lab() {}
}
