// The recognition service: no Dapr, no state, no keys. It has no authentication, so it is reachable only within the environment.
param exists bool
param location string
param tags object
param environmentId string
param registryServer string
param runIdentityId string
param otlpEndpoint string

var wiring = loadYamlContent('../wiring.yaml')
var name = 'findme-vision'

// Placeholder until the first deployment; it has /healthz, too.
var placeholder = 'mcr.microsoft.com/dotnet/samples:aspnetapp'

module live 'image.bicep' = {
  name: 'image-vision'
  params: { name: name, exists: exists }
}

var healthz = { path: '/healthz', port: wiring.webPort }
var telemetryVariables = empty(otlpEndpoint) ? [] : [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint }]

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'vision' })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${runIdentityId}': {} } }
  properties: {
    managedEnvironmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: false, targetPort: wiring.webPort, transport: 'auto', allowInsecure: false }
      registries: [{ server: registryServer, identity: runIdentityId }]
      // For pulling the image only; the code has no identity.
      identitySettings: [{ identity: runIdentityId, lifecycle: 'None' }]
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'vision'
          image: exists ? live.outputs.image : placeholder
          resources: { cpu: json('1.0'), memory: '2Gi' }
          env: concat(
            [
              { name: 'ASPNETCORE_HTTP_PORTS', value: string(wiring.webPort) }
              // The number of request bodies of maximum size that fit into memory beside the models.
              { name: 'Vision__RequestsAtOnce', value: '8' }
              { name: 'Logging__Console__FormatterName', value: 'json' }
              { name: 'Logging__LogLevel__Microsoft.AspNetCore', value: 'Warning' }
            ],
            telemetryVariables
          )
          probes: [
            { type: 'Startup', httpGet: healthz, periodSeconds: 2, failureThreshold: 60 }
            { type: 'Readiness', httpGet: healthz, periodSeconds: 5, failureThreshold: 3 }
            { type: 'Liveness', httpGet: healthz, periodSeconds: 10, failureThreshold: 6 }
          ]
        }
      ]
      scale: {
        minReplicas: 0
        maxReplicas: 3
        cooldownPeriod: 300
        rules: [{ name: 'http', http: { metadata: { concurrentRequests: '8' } } }]
      }
    }
  }
}

output uri string = 'https://${app.properties.configuration.ingress!.fqdn}'
