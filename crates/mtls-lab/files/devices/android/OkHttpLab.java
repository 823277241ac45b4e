// OkHttp over mutual TLS, with pins.

package local.example.lab;

import java.security.GeneralSecurityException;
import java.util.concurrent.TimeUnit;
import okhttp3.CertificatePinner;
import okhttp3.OkHttpClient;

public final class OkHttpLab {
    private OkHttpLab() {}

    /**
     * One client for the app: it keeps connections, and a second one would do another handshake. Make a new one when the
     * certificate is replaced, and evict the old one's connections ({@code connectionPool().evictAll()}).
     */
    public static OkHttpClient client(MutualTls tls) throws GeneralSecurityException {
        return new OkHttpClient.Builder()
                // With both arguments: with the first alone, OkHttp looks for the trust manager by reflection.
                .sslSocketFactory(tls.context().getSocketFactory(), tls.trust())
                .certificatePinner(pins())
                .connectTimeout(10, TimeUnit.SECONDS)
                .readTimeout(10, TimeUnit.SECONDS)
                // A redirect to another host would present the client's certificate there.
                .followRedirects(false)
                .followSslRedirects(false)
                .build();
    }

    static CertificatePinner pins() {
        return new CertificatePinner.Builder()
                .add(Lab.HOST, Lab.SERVER_PIN, Lab.CA_PIN)
                .build();
    }
}
