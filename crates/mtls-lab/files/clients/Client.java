// Asks a server that requires client certificates, with the JDK alone (17 or newer), from a .p12 bundle.
//
// Run, in lab/:    java clients/Client.java [URL]             (default https://localhost:8443/)
// Other files:     MTLS_CA, MTLS_P12 and MTLS_P12_PASSWORD in the environment
// Ends with 1 and one line on stderr if the server refuses, or its certificate does not lead to MTLS_CA.

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public final class Client {
    public static void main(String[] args) throws InterruptedException {
        String url = args.length > 0 ? args[0] : "https://localhost:8443/";
        try {
            System.out.print(ask(URI.create(url)));
        } catch (IOException | GeneralSecurityException error) {
            String why = error.getMessage() == null ? error.toString() : error.getMessage();
            System.err.println("refused: " + why.strip().replaceAll("\\s+", " "));
            System.exit(1);
        }
    }

    private static String ask(URI url) throws IOException, GeneralSecurityException, InterruptedException {
        char[] password = env("MTLS_P12_PASSWORD", "MyP12Passw0rd").toCharArray(); // the lab's

        // What this client presents. getDefaultAlgorithm(): the "X509" of Android does not exist here.
        KeyStore identity = KeyStore.getInstance("PKCS12");
        try (InputStream p12 = Files.newInputStream(Path.of(env("MTLS_P12", "same-ca/client.p12")))) {
            identity.load(p12, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(identity, password);

        // Whom it trusts: this root only. A store of its own, as one made from the .p12 would trust what a client presents.
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        try (InputStream ca = Files.newInputStream(Path.of(env("MTLS_CA", "same-ca/ca.crt")))) {
            roots.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(ca));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);

        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(keys.getKeyManagers(), trust.getTrustManagers(), null);

        HttpClient client = HttpClient.newBuilder().sslContext(tls).connectTimeout(Duration.ofSeconds(10)).build();
        HttpRequest request = HttpRequest.newBuilder(url).timeout(Duration.ofSeconds(10)).build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException("HTTP status " + response.statusCode());
        }
        return response.body();
    }

    private static String env(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
