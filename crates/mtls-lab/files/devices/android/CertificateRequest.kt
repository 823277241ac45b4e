// A PKCS#10 request (RFC 2986) for a key that stays where it is: Android has no API for that.

package local.example.lab.kotlin

import java.io.ByteArrayOutputStream
import java.security.PrivateKey
import java.security.PublicKey
import java.security.Signature

object CertificateRequest {
    /**
     * The request in DER, for a P-256 key and a subject of one common name. The CA decides about every name, so this is a
     * wish; the signature proves that the app has the key. A key of Android's Keystore signs without leaving it.
     */
    fun der(commonName: String, publicKey: PublicKey, privateKey: PrivateKey): ByteArray {
        val attribute = sequence(objectIdentifier(0x55, 0x04, 0x03), value(0x0c, commonName.toByteArray()))
        val name = sequence(value(0x31, attribute))
        // `encoded` of a public key is its SubjectPublicKeyInfo.
        val information = sequence(value(0x02, byteArrayOf(0)), name, publicKey.encoded, value(0xa0, ByteArray(0)))
        val signature = Signature.getInstance("SHA256withECDSA").run {
            initSign(privateKey)
            update(information)
            sign()
        }
        val ecdsaWithSha256 = objectIdentifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)
        return sequence(information, sequence(ecdsaWithSha256), value(0x03, byteArrayOf(0) + signature))
    }

    private fun sequence(vararg values: ByteArray): ByteArray =
        value(0x30, values.fold(ByteArray(0)) { all, next -> all + next })

    private fun objectIdentifier(vararg content: Int): ByteArray =
        value(0x06, ByteArray(content.size) { content[it].toByte() })

    private fun value(tag: Int, content: ByteArray): ByteArray {
        val der = ByteArrayOutputStream()
        der.write(tag)
        if (content.size < 0x80) {
            der.write(content.size)
        } else {
            val octets = generateSequence(content.size) { it shr 8 }.takeWhile { it > 0 }.toList().reversed()
            der.write(0x80 or octets.size)
            octets.forEach { der.write(it and 0xff) }
        }
        der.write(content)
        return der.toByteArray()
    }

    private fun ByteArrayOutputStream.write(octets: ByteArray) = write(octets, 0, octets.size)
}
