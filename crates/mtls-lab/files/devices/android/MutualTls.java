// TLS that presents a client certificate, with what Android and the JDK have: no library.
//
// Two stores, kept apart: what the app presents, and whom it trusts. A trust manager that is made of the bundle would
// trust whatever CA is in it, or nobody; and `null` in its place trusts all CAs of the system, and not the lab's.

package local.example.lab;

import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

public final class MutualTls {
    private final KeyManager[] keys;
    private final X509TrustManager trust;

    public MutualTls(KeyManager[] keys, X509TrustManager trust) {
        this.keys = keys;
        this.trust = trust;
    }

    /** The key managers of a bundle: {@code res/raw/client_ios.p12}, by {@code getResources().openRawResource}. */
    public static KeyManager[] keysOf(InputStream bundle, char[] password)
            throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        // "keystore password was incorrect" is said of algorithms too: Android 13 and older cannot read client.p12.
        store.load(bundle, password);
        return keysOf(store, password);
    }

    /** Those of a store that holds one key, such as that of Android ("AndroidKeyStore", without a password). */
    public static KeyManager[] keysOf(KeyStore store, char[] password) throws GeneralSecurityException {
        // Not "X509", which the JDK does not have.
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, password);
        return factory.getKeyManagers();
    }

    /** Trusts these roots, in PEM or DER, and no other: {@code res/raw/ca.crt}. */
    public static X509TrustManager trusting(InputStream roots) throws GeneralSecurityException, IOException {
        Collection<? extends Certificate> certificates =
                CertificateFactory.getInstance("X.509").generateCertificates(roots);
        if (certificates.isEmpty()) {
            // Such a store trusts nobody, with a message that does not say so.
            throw new IOException("there is no root certificate");
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int index = 0;
        for (Certificate certificate : certificates) {
            store.setCertificateEntry("root" + index++, certificate);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager) {
                return (X509TrustManager) manager;
            }
        }
        throw new GeneralSecurityException("there is no X509TrustManager");
    }

    public SSLContext context() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys, new TrustManager[] {trust}, null);
        return context;
    }

    public X509TrustManager trust() {
        return trust;
    }

    /** A connection of the platform's own client, which checks the server's name but no pin. */
    public HttpsURLConnection open(String url) throws GeneralSecurityException, IOException {
        HttpsURLConnection connection = (HttpsURLConnection) new java.net.URL(url).openConnection();
        connection.setSSLSocketFactory(context().getSocketFactory());
        connection.setConnectTimeout(10_000);
        connection.setReadTimeout(10_000);
        return connection;
    }
}
