// server PORT CERTS TICKETS: net/http; TICKETS is true or false, and GOMAXPROCS says how many cores.
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
	port, certs, tickets := os.Args[1], os.Args[2], os.Args[3] == "true"
	ca, err := os.ReadFile(certs + "/ca.crt")
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello %s\n", r.TLS.PeerCertificates[0].Subject.CommonName)
	})
	server := &http.Server{Addr: "127.0.0.1:" + port, TLSConfig: &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, SessionTicketsDisabled: !tickets}}
	log.Fatal(server.ListenAndServeTLS(certs+"/server.crt", certs+"/server.key"))
}
