/** For Grafana's provisioning folder. One provider for all dashboards of the pack, one data source as an example. */
const head = '# Generated, do not edit: made by `kop build` from pack.yaml.';

export const dashboardProvider = `${head}
# Copy to Grafana's provisioning/dashboards/ and set \`path\` to where the JSON files are.

apiVersion: 1
providers:
  - name: kop
    folder: Observability pack
    folderUid: kop
    type: file
    disableDeletion: true
    allowUiUpdates: false
    updateIntervalSeconds: 60
    options:
      path: /etc/grafana/dashboards/kop
`;

export const datasourceExample = `${head}
# Only where Grafana has no Prometheus data source yet. The dashboards let you choose one; they do not need this uid.

apiVersion: 1
datasources:
  - name: Prometheus
    uid: kop-prometheus
    type: prometheus
    access: proxy
    url: http://prometheus:9090
    isDefault: true
    jsonData:
      httpMethod: POST
      timeInterval: 15s
`;
