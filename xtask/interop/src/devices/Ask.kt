// Asks a server as the lab's Kotlin sources for Android do, on the JDK, and writes a CSR as they do.
//
// java local.example.lab.kotlin.AskKt ask URL CA P12 PASSWORD
// java local.example.lab.kotlin.AskKt csr FILE

package local.example.lab.kotlin

import java.io.File
import java.io.IOException
import java.security.KeyPairGenerator
import java.security.spec.ECGenParameterSpec
import kotlin.system.exitProcess
import okhttp3.Request

fun main(args: Array<String>) {
    if (args[0] == "csr") {
        val pair = KeyPairGenerator.getInstance("EC").run {
            initialize(ECGenParameterSpec("secp256r1"))
            generateKeyPair()
        }
        // Long enough for a length of two octets.
        val name = "client1 " + "x".repeat(120)
        File(args[1]).writeBytes(CertificateRequest.der(name, pair.public, pair.private))
        return
    }
    try {
        val tls = MutualTls(
            MutualTls.keysOf(File(args[3]).inputStream(), args[4].toCharArray()),
            MutualTls.trusting(File(args[2]).inputStream()),
        )
        tls.okHttp().newCall(Request.Builder().url(args[1]).build()).execute().use { response ->
            println(response.body()?.string())
        }
    } catch (refused: IOException) {
        System.err.println("refused: " + refused.toString().replace(Regex("\\s+"), " "))
        exitProcess(1)
    }
    exitProcess(0) // OkHttp's idle threads would hold the program for a minute.
}
