// server SETTINGS CERT KEY: net/http on a port for each setting, without resumption.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

type setting struct {
	Port  int
	Roots string
}

func main() {
	var settings []setting
	if err := json.Unmarshal(read(os.Args[1]), &settings); err != nil {
		log.Fatal(err)
	}
	identity, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Hello") })
	for _, setting := range settings {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(read(setting.Roots)) // what it cannot read is not trusted
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", setting.Port))
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Handler: hello, ErrorLog: log.New(io.Discard, "", 0), TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{identity}, ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs: roots, SessionTicketsDisabled: true}}
		go server.ServeTLS(listener, "", "")
	}
	select {}
}

func read(file string) []byte {
	bytes, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	return bytes
}
