# The production image: the locked dependencies by hash, then our own wheel on top.
FROM python:3.12-slim AS build
WORKDIR /source
COPY requirements/run.lock requirements/
RUN python -m venv /opt/townclerk \
 && /opt/townclerk/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock
COPY . .
RUN /opt/townclerk/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/townclerk --create-home townclerk
COPY --from=build /opt/townclerk /opt/townclerk
ENV PATH=/opt/townclerk/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER townclerk
VOLUME /var/lib/townclerk
EXPOSE 8000
CMD ["townclerk", "up", "--host", "0.0.0.0"]
