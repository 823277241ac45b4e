// A Go server of the lab's first scenario, run in the lab's directory: PORT, CLIENTS and TLS say how.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	pem, err := os.ReadFile("same-ca/ca.crt")
	if err != nil {
		log.Fatal(err)
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(pem) {
		log.Fatal("same-ca/ca.crt holds no certificate")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ClientCAs: clients}
	if os.Getenv("TLS") == "1.2" {
		config.MaxVersion = tls.VersionTLS12
	}
	config.ClientAuth = map[string]tls.ClientAuthType{
		"any":      tls.RequireAnyClientCert,
		"off":      tls.NoClientCert,
		"optional": tls.VerifyClientCertIfGiven,
		"required": tls.RequireAndVerifyClientCert,
	}[os.Getenv("CLIENTS")]
	server := &http.Server{
		Addr:      "127.0.0.1:" + os.Getenv("PORT"),
		TLSConfig: config,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "Hello")
		}),
	}
	log.Fatal(server.ListenAndServeTLS("same-ca/server.crt", "same-ca/server.key"))
}
