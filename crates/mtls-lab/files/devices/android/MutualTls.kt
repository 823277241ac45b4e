// TLS that presents a client certificate, and OkHttp with pins: the same as MutualTls.java and OkHttpLab.java.

package local.example.lab.kotlin

import java.io.IOException
import java.io.InputStream
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.cert.CertificateFactory
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManager
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509TrustManager
import local.example.lab.Lab
import okhttp3.CertificatePinner
import okhttp3.OkHttpClient

/** What the app presents, and whom it trusts. The two are made of different stores. */
class MutualTls(private val keys: Array<KeyManager>, private val trust: X509TrustManager) {

    fun context(): SSLContext = SSLContext.getInstance("TLS").apply {
        init(keys, arrayOf(trust), null)
    }

    /** One client for the app. Make a new one when the certificate is replaced. */
    fun okHttp(): OkHttpClient = OkHttpClient.Builder()
        .sslSocketFactory(context().socketFactory, trust)
        .certificatePinner(
            CertificatePinner.Builder().add(Lab.HOST, Lab.SERVER_PIN, Lab.CA_PIN).build()
        )
        .connectTimeout(10, TimeUnit.SECONDS)
        .readTimeout(10, TimeUnit.SECONDS)
        .followRedirects(false)
        .followSslRedirects(false)
        .build()

    companion object {
        /** The key managers of a bundle, `resources.openRawResource(R.raw.client_ios)`. */
        @Throws(GeneralSecurityException::class, IOException::class)
        fun keysOf(bundle: InputStream, password: CharArray): Array<KeyManager> {
            val store = KeyStore.getInstance("PKCS12")
            store.load(bundle, password)
            return keysOf(store, password)
        }

        /** Those of a store that holds one key. That of Android has no password. */
        @Throws(GeneralSecurityException::class)
        fun keysOf(store: KeyStore, password: CharArray?): Array<KeyManager> {
            val factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
            factory.init(store, password)
            return factory.keyManagers
        }

        /** Trusts these roots and no other, `resources.openRawResource(R.raw.ca)`. */
        @Throws(GeneralSecurityException::class, IOException::class)
        fun trusting(roots: InputStream): X509TrustManager {
            val certificates = CertificateFactory.getInstance("X.509").generateCertificates(roots)
            if (certificates.isEmpty()) throw IOException("there is no root certificate")
            val store = KeyStore.getInstance(KeyStore.getDefaultType()).apply { load(null, null) }
            certificates.forEachIndexed { index, root -> store.setCertificateEntry("root$index", root) }
            val factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
            factory.init(store)
            return factory.trustManagers.filterIsInstance<X509TrustManager>().first()
        }
    }
}
