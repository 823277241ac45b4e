// A key that no one can copy, in Android's Keystore: the way into production, without a bundle.
//
// The app sends the CSR to its CA over a channel on which the user is known, gets a certificate back, and presents that
// from then on: MutualTls(MutualTls.keysOf(key.store, null), trust).

package local.example.lab.kotlin

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.io.ByteArrayInputStream
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.cert.Certificate
import java.security.cert.CertificateFactory
import java.security.spec.ECGenParameterSpec

class DeviceKey(private val alias: String) {
    val store: KeyStore = KeyStore.getInstance(STORE).apply { load(null) }

    /**
     * Makes the key, if it is not there: P-256, in a secure element (StrongBox) where the device has one, and else in its
     * trusted environment. `challenge` comes from the CA. With it the key has an attestation, a chain of certificates
     * that tells the CA where the key is; it is `attestation` until `install` replaces it.
     */
    fun make(challenge: ByteArray?) {
        if (store.containsAlias(alias)) return
        try {
            generate(challenge, strongBox = Build.VERSION.SDK_INT >= Build.VERSION_CODES.P)
        } catch (unavailable: StrongBoxUnavailableException) {
            generate(challenge, strongBox = false)
        }
    }

    private fun generate(challenge: ByteArray?, strongBox: Boolean) {
        // TLS signs digests of several kinds, and Conscrypt hands over some of them ready-made: NONE.
        val spec = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
            .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
            .setDigests(KeyProperties.DIGEST_NONE, KeyProperties.DIGEST_SHA256, KeyProperties.DIGEST_SHA384)
        if (challenge != null) spec.setAttestationChallenge(challenge)
        if (strongBox) spec.setIsStrongBoxBacked(true)
        KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, STORE).run {
            initialize(spec.build())
            generateKeyPair()
        }
    }

    /** What the CA verifies to know where the key is. */
    fun attestation(): List<Certificate> = store.getCertificateChain(alias).orEmpty().toList()

    fun certificateRequest(commonName: String): ByteArray {
        val key = store.getKey(alias, null) as PrivateKey
        return CertificateRequest.der(commonName, store.getCertificate(alias).publicKey, key)
    }

    /** Puts what the CA has issued in place of the key's own certificate; `chain` is DER, the app's certificate first. */
    fun install(chain: List<ByteArray>) {
        val factory = CertificateFactory.getInstance("X.509")
        val certificates = chain.map { factory.generateCertificate(ByteArrayInputStream(it)) }
        require(certificates.first().publicKey == store.getCertificate(alias).publicKey) {
            "the certificate is for another key"
        }
        store.setKeyEntry(alias, store.getKey(alias, null), null, certificates.toTypedArray())
    }

    private companion object {
        const val STORE = "AndroidKeyStore"
    }
}
