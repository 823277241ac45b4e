# The OpenSSL commands that people follow today: a root, a server, a client, two .p12 bundles.
# Runs in an empty directory. $1: "rsa" for the recipe's keys (RSA-4096 root, RSA-2048 leaves), "ec" for P-256.
# Other than the recipe: the server is also named localhost, which its own curl command needs.
set -eu

new_key() { # BITS FILE
  if [ "$kind" = rsa ]; then
    openssl genrsa -out "$2" "$1"
  else
    openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -nocrypt -out "$2"
  fi
}
kind=$1

new_key 4096 ca.key
openssl req -x509 -new -nodes -key ca.key -sha256 -days 3650 -out ca.crt \
  -subj "/C=US/ST=State/L=City/O=MyTestCA/OU=Dev/CN=MyTestRootCA"

cat > server_ext.cnf <<'EOF'
subjectAltName = DNS:localhost, DNS:api.example.local, IP:127.0.0.1
extendedKeyUsage = serverAuth
keyUsage = digitalSignature, keyEncipherment
EOF
new_key 2048 server.key
openssl req -new -key server.key -out server.csr -subj "/C=US/ST=State/L=City/O=MyOrg/CN=api.example.local"
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
  -out server.crt -days 825 -sha256 -extfile server_ext.cnf

cat > client_ext.cnf <<'EOF'
extendedKeyUsage = clientAuth
subjectAltName = email:client1@example.local
EOF
new_key 2048 client.key
openssl req -new -key client.key -out client.csr -subj "/C=US/ST=State/L=City/O=MyOrg/OU=Clients/CN=client1"
openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
  -out client.crt -days 365 -sha256 -extfile client_ext.cnf

openssl pkcs12 -export -out client.p12 -inkey client.key -in client.crt -certfile ca.crt \
  -passout pass:MyP12Passw0rd
openssl pkcs12 -export -out client_ios.p12 -inkey client.key -in client.crt -certfile ca.crt \
  -passout pass:MyP12Passw0rd -macalg sha1 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES
