// Asks a server that requires client certificates, with OkHttp: as an Android application does, on the JDK.
// Prints the answer; ends with 1 and "refused: ..." if there is none.
//
// java -cp /usr/share/java/okhttp.jar:/usr/share/java/okio.jar OkHttpGet.java URL CA P12 PASSWORD

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

public final class OkHttpGet {
    public static void main(String[] args) throws Exception {
        char[] password = args[3].toCharArray();
        KeyStore identity = KeyStore.getInstance("PKCS12");
        try (InputStream p12 = Files.newInputStream(Path.of(args[2]))) {
            identity.load(p12, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(identity, password);

        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        try (InputStream ca = Files.newInputStream(Path.of(args[1]))) {
            roots.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(ca));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);

        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        OkHttpClient client = new OkHttpClient.Builder()
            .sslSocketFactory(tls.getSocketFactory(), (X509TrustManager) trust.getTrustManagers()[0])
            .build();
        try (Response response = client.newCall(new Request.Builder().url(args[0]).build()).execute()) {
            System.out.println(response.body().string());
        } catch (IOException refused) {
            System.err.println("refused: " + refused.getMessage());
            System.exit(1);
        }
        System.exit(0); // OkHttp's idle threads would hold the program for a minute.
    }
}
