// One app with its Dapr sidecar.
param appId string
param service string
param exists bool
param location string
param tags object
param minReplicas int
param maxReplicas int
param hasPage bool
param cpu string
param memory string
param albums string

@description('Further environment variables.')
param settings array

@description('The environment variable of each secret that this app can read.')
param settingsFromVault object

@description('The secrets that are in the vault.')
param secretNames array
param vaultUri string

@description('The identity with which the platform reads them for this app; empty: no secrets.')
param vaultIdentityId string

param environmentId string
param registryServer string
param identityIds array
param pullIdentityId string
param scaleIdentityId string
param keysClientId string
param keyRingKey string
param serviceBusName string
param otlpEndpoint string

@description('Cost of an active replica of this size per hour, for the metric findme.replica.cost.')
param dollarsPerHour string

var wiring = loadYamlContent('../wiring.yaml')
var ownSubscriptions = filter(wiring.subscriptions, subscription => subscription.app == appId)

// Placeholder until the first deployment. This image listens on the configured port (ASPNETCORE_HTTP_PORTS), has /healthz, and answers
// 404 to /dapr/subscribe, which means no subscriptions. The usual placeholder would never open Dapr's port, so that the sidecar and with
// it the first revision would wait forever.
var placeholder = 'mcr.microsoft.com/dotnet/samples:aspnetapp'

module live 'image.bicep' = {
  name: 'image-${service}'
  params: { name: appId, exists: exists }
}

// One rule per topic: any of them wakes the app. With zero replicas there is no sidecar and hence no subscriber: only KEDA polls.
var eventRules = map(ownSubscriptions, subscription => {
  name: replace(subscription.topic, '_', '-')
  custom: {
    type: 'azure-servicebus'
    identity: scaleIdentityId
    metadata: {
      // The short name, which is required with an identity.
      namespace: serviceBusName
      topicName: subscription.topic
      subscriptionName: appId
      messageCount: string(wiring.delivery.eventsPerReplica)
      activationMessageCount: '0'
    }
  }
})

// Each watcher of a search holds a request open while the search runs.
var pageRules = [{ name: 'http', http: { metadata: { concurrentRequests: '100' } } }]

var healthz = { path: '/healthz', port: wiring.daprPort }

var albumVariables = [
  for (album, i) in split(albums, ','): { name: 'Albums__Folders__${i}', value: '/mnt/albums/${trim(album)}' }
]

// People's ZIP files are on a share that all three apps mount; they are deleted after a day (Uploads:Retention).
var sharedVariables = [
  { name: 'KeyRing__Path', value: '/mnt/keys' }
  { name: 'KeyRing__VaultKey', value: keyRingKey }
  { name: 'KeyRing__ClientId', value: keysClientId }
  { name: 'Uploads__Path', value: '/mnt/uploads' }
]

var platformIdentityIds = concat([scaleIdentityId], empty(vaultIdentityId) ? [] : [vaultIdentityId])
var ownSecrets = filter(secretNames, name => contains(settingsFromVault, name))
var secretVariables = map(ownSecrets, name => { name: settingsFromVault[name], secretRef: name })

var telemetryVariables = empty(otlpEndpoint) ? [] : [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint }]

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: appId
  location: location
  tags: union(tags, { 'azd-service-name': service })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: reduce(
      union(identityIds, platformIdentityIds),
      {},
      (all, id) => union(all, { '${id}': {} })
    )
  }
  properties: {
    managedEnvironmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      // Dapr's port is not exposed: only the page's port can be reached from outside; Collect and Compare cannot be reached at all.
      ingress: hasPage ? { external: true, targetPort: wiring.webPort, transport: 'auto', allowInsecure: false } : null
      registries: [{ server: registryServer, identity: pullIdentityId }]
      // Without a version, so that a new value takes effect within half an hour.
      secrets: map(
        ownSecrets,
        name => { name: name, keyVaultUrl: '${vaultUri}secrets/${name}', identity: vaultIdentityId }
      )
      // The scaler's identity manages the broker, and the vault identity reads secrets: only the platform uses them, and code must not get them.
      identitySettings: map(platformIdentityIds, id => { identity: id, lifecycle: 'None' })
      // Nothing else can be configured: no app health check, concurrency or shutdown time. Reference pictures are sent to the app, not to Dapr.
      dapr: { enabled: true, appId: appId, appPort: wiring.daprPort, appProtocol: 'http', httpMaxRequestSize: 4 }
    }
    template: {
      // daprd exits after 5 s: deliveries that an app cannot finish by then are redelivered.
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: service
          image: exists ? live.outputs.image : placeholder
          resources: { cpu: json(cpu), memory: memory }
          env: concat(
            [
              {
                name: 'ASPNETCORE_HTTP_PORTS'
                value: hasPage ? '${wiring.webPort};${wiring.daprPort}' : '${wiring.daprPort}'
              }
              // The port for Dapr: its routes respond only there.
              { name: 'APP_PORT', value: string(wiring.daprPort) }
              { name: 'APP_ID', value: appId }
              // Ingress terminates TLS: without this the cookie would not be marked Secure.
              { name: 'ASPNETCORE_FORWARDEDHEADERS_ENABLED', value: 'true' }
              { name: 'Telemetry__DollarsPerHour', value: dollarsPerHour }
              { name: 'Logging__Console__FormatterName', value: 'json' }
              { name: 'Logging__LogLevel__Microsoft.AspNetCore', value: 'Warning' }
            ],
            albumVariables,
            sharedVariables,
            settings,
            secretVariables,
            telemetryVariables
          )
          volumeMounts: [
            { volumeName: 'albums', mountPath: '/mnt/albums' }
            { volumeName: 'keys', mountPath: '/mnt/keys' }
            { volumeName: 'uploads', mountPath: '/mnt/uploads' }
          ]
          // Probes the app's port, since nothing else can be probed, and only the app: if it included Dapr, each would wait for the other.
          probes: [
            { type: 'Startup', httpGet: healthz, periodSeconds: 2, failureThreshold: 60 }
            { type: 'Readiness', httpGet: healthz, periodSeconds: 5, failureThreshold: 3 }
            { type: 'Liveness', httpGet: healthz, periodSeconds: 10, failureThreshold: 6 }
          ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        // 30 s by default: a person waits for the first photo.
        pollingInterval: 10
        cooldownPeriod: 300
        rules: concat(eventRules, hasPage ? pageRules : [])
      }
      volumes: [
        { name: 'albums', storageType: 'AzureFile', storageName: 'albums' }
        // Only Api creates keys and receives uploads.
        { name: 'keys', storageType: 'AzureFile', storageName: hasPage ? 'keys' : 'keys-readonly' }
        { name: 'uploads', storageType: 'AzureFile', storageName: hasPage ? 'uploads' : 'uploads-readonly' }
      ]
    }
  }
}

output uri string = hasPage ? 'https://${app.properties.configuration.ingress!.fqdn}' : ''
