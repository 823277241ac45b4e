// Asks a server that requires client certificates, with Go's standard library alone (1.19 or newer).
//
// Run, in lab/:    go run clients/client.go [URL]             (default https://localhost:8443/)
// Other files:     MTLS_CA, MTLS_CERT and MTLS_KEY in the environment
// Ends with 1 and one line on stderr if the server refuses, or its certificate does not lead to MTLS_CA.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	url := "https://localhost:8443/"
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	body, err := ask(url)
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	os.Stdout.Write(body)
}

func ask(url string) ([]byte, error) {
	// What this client presents.
	identity, err := tls.LoadX509KeyPair(env("MTLS_CERT", "same-ca/client.crt"), env("MTLS_KEY", "same-ca/client.key"))
	if err != nil {
		return nil, err
	}
	// Whom it trusts: these roots only.
	ca := env("MTLS_CA", "same-ca/ca.crt")
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in PEM", ca)
	}

	client := http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{Certificates: []tls.Certificate{identity}, RootCAs: roots},
			ForceAttemptHTTP2: true,
		},
	}
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %s", response.Status)
	}
	return io.ReadAll(response.Body)
}

func env(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}
