#!/bin/sh
# Make the secrets of docker-compose.yml that are missing, and note in .env whose they are: make compose-secrets
# Nothing that exists is changed. Usage: make-secrets.sh [project folder]
set -eu
umask 077
cd "${1:-$(dirname "$0")/..}"
folder=docker/secrets
mkdir -p "$folder"

# containers run as the owner of these files, and never as root
owner=$(id -u)
if [ "$owner" = 0 ]; then owner=50000; fi

letters() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# keep NAME TEXT: write a secret whole, readable by its owner alone, unless it is there
keep() {
    file=$folder/$1
    if [ -e "$file" ]; then return; fi
    staged=$(mktemp "$folder/.staged.XXXXXX")
    printf '%s' "$2" > "$staged"
    if [ "$(id -u)" = 0 ]; then chown "$owner" "$staged"; fi
    ln "$staged" "$file"
    rm "$staged"
    echo "made $file"
}

keep postgres_admin_password "$(letters)"
keep airflow_database_password "$(letters)"
keep publisher_password "$(letters)"
keep bi_reader_password "$(letters)"
keep airflow_fernet_key "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n')"
keep airflow_api_secret_key "$(letters)$(letters)"
keep airflow_jwt_secret "$(letters)$(letters)"
keep airflow_passwords.json "{\"admin\": \"$(letters)\"}"

if ! grep -qs '^SIYU_UID=' .env; then
    echo "SIYU_UID=$owner" >> .env
    echo "noted SIYU_UID=$owner in .env"
fi
