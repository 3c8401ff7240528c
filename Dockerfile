# The image of every service but PostgreSQL: what uv.lock names, and the project beside it in /app.
# A company's certificates: docker build --secret id=company_ca,src=company.pem .

FROM python:3.12.13-slim-bookworm AS build

ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /app

COPY docker/with-company-ca.sh /usr/local/bin/with-company-ca
RUN --mount=type=secret,id=company_ca,target=/run/company_ca.pem \
    sh /usr/local/bin/with-company-ca pip install --no-cache-dir --disable-pip-version-check uv==0.13.9

# the packages first: they change less often than the project
COPY pyproject.toml uv.lock README.md ./
RUN --mount=type=secret,id=company_ca,target=/run/company_ca.pem \
    sh /usr/local/bin/with-company-ca uv sync --locked --no-dev --no-install-project

COPY plugins plugins
COPY dags dags
COPY dbt_project dbt_project
COPY expectations expectations
COPY examples examples
COPY docker docker
RUN --mount=type=secret,id=company_ca,target=/run/company_ca.pem \
    sh /usr/local/bin/with-company-ca uv sync --locked --no-dev


FROM python:3.12.13-slim-bookworm

# the folders that volumes cover belong to group 0, so that any user id may write them
RUN pip uninstall --yes --quiet pip \
    && useradd --uid 50000 --gid 0 --no-create-home --home-dir /tmp siyu \
    && install --directory --owner=50000 --group=0 --mode=0770 /srv/siyu /srv/logs

# USER: Airflow asks for the user's name, and a user id of the host has none in here
ENV PATH=/app/.venv/bin:$PATH HOME=/tmp USER=siyu PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
COPY --from=build /app /app

USER 50000:0
# each service of docker-compose.yml has a check of its own
HEALTHCHECK NONE
CMD ["siyu", "--help"]
