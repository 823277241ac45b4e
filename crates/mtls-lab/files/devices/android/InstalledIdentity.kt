// An identity that the user installs on the phone, and gives to the app: nothing secret is in the app.

package local.example.lab.kotlin

import android.app.Activity
import android.content.Context
import android.content.Intent
import android.security.KeyChain
import java.net.Socket
import java.security.Principal
import java.security.PrivateKey
import java.security.cert.X509Certificate
import javax.net.ssl.SSLEngine
import javax.net.ssl.X509ExtendedKeyManager
import local.example.lab.Lab

object InstalledIdentity {
    /**
     * Asks the user to install a bundle: `activity.startActivity(install(bytes))`. The user types the password. Since
     * Android 11 a CA certificate cannot be installed that way, only by Settings, Security, Encryption & credentials,
     * Install a certificate, CA certificate.
     */
    fun install(bundle: ByteArray): Intent = KeyChain.createInstallIntent().apply {
        putExtra(KeyChain.EXTRA_PKCS12, bundle)
        putExtra(KeyChain.EXTRA_NAME, "client1")
    }

    /**
     * Asks the user which installed identity the app may use; `chosen` gets its alias, or null, on another thread. Without
     * this the app can use none: an installed identity belongs to the user and not to apps.
     */
    fun choose(activity: Activity, chosen: (String?) -> Unit) {
        KeyChain.choosePrivateKeyAlias(
            activity,
            { alias -> chosen(alias) },
            arrayOf("EC", "RSA"),
            null,
            Lab.HOST,
            Lab.PORT,
            null,
        )
    }

    /** Presents what was chosen. Not on the main thread: both calls wait for another process. */
    fun keys(context: Context, alias: String): X509ExtendedKeyManager {
        val key = requireNotNull(KeyChain.getPrivateKey(context, alias)) { "the user has taken it back" }
        val chain = requireNotNull(KeyChain.getCertificateChain(context, alias)) { "it is not installed" }
        return OneKey(alias, key, chain)
    }
}

/** A key manager with one key, whatever issuers the server names. */
private class OneKey(
    private val alias: String,
    private val key: PrivateKey,
    private val chain: Array<X509Certificate>,
) : X509ExtendedKeyManager() {
    override fun chooseClientAlias(types: Array<String>?, issuers: Array<Principal>?, socket: Socket?): String = alias

    override fun chooseEngineClientAlias(types: Array<String>?, issuers: Array<Principal>?, engine: SSLEngine?): String =
        alias

    override fun getClientAliases(type: String?, issuers: Array<Principal>?): Array<String> = arrayOf(alias)

    override fun getPrivateKey(asked: String?): PrivateKey = key

    override fun getCertificateChain(asked: String?): Array<X509Certificate> = chain

    override fun chooseServerAlias(type: String?, issuers: Array<Principal>?, socket: Socket?): String? = null

    override fun getServerAliases(type: String?, issuers: Array<Principal>?): Array<String>? = null
}
