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

@description('Additional environment variables.')
param settings array

@description('Environment variable for each secret that this app can read.')
param settingsFromVault object

@description('The secrets that are in the vault.')
param secretNames array
param vaultUri string

@description('Identity with which the platform reads the secrets for this app; empty for none.')
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

@description('Price of an active replica of this size per hour, for the metric findme.replica.cost.')
param dollarsPerHour string

var wiring = loadYamlContent('../wiring.yaml')
var ownSubscriptions = filter(wiring.subscriptions, subscription => subscription.app == appId)

// Placeholder until the first deployment. This image listens on ASPNETCORE_HTTP_PORTS, has /healthz, and returns 404 for /dapr/subscribe,
// which means no subscriptions. The usual placeholder never opens Dapr's port, so that the sidecar, and with it the first revision, would
// wait forever.
var placeholder = 'mcr.microsoft.com/dotnet/samples:aspnetapp'

module live 'image.bicep' = {
  name: 'image-${service}'
  params: { name: appId, exists: exists }
}

// One rule per topic, each of which starts the app. With zero replicas there is no sidecar to subscribe, so KEDA counts the events.
var eventRules = map(ownSubscriptions, subscription => {
  name: replace(subscription.topic, '_', '-')
  custom: {
    type: 'azure-servicebus'
    identity: scaleIdentityId
    metadata: {
      // KEDA needs the short name here, if an identity is used.
      namespace: serviceBusName
      topicName: subscription.topic
      subscriptionName: appId
      messageCount: string(wiring.delivery.eventsPerReplica)
      activationMessageCount: '0'
    }
  }
})

// Watching a search keeps a request open while it runs.
var pageRules = [{ name: 'http', http: { metadata: { concurrentRequests: '100' } } }]

var healthz = { path: '/healthz', port: wiring.daprPort }

var albumVariables = [
  for (album, i) in split(albums, ','): { name: 'Albums__Folders__${i}', value: '/mnt/albums/${trim(album)}' }
]

// Uploaded ZIP files are on a share that all three apps mount, and are deleted after a day (Uploads:Retention).
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
      // Exposes only the page's port, not Dapr's; Collect and Compare have no ingress.
      ingress: hasPage ? { external: true, targetPort: wiring.webPort, transport: 'auto', allowInsecure: false } : null
      registries: [{ server: registryServer, identity: pullIdentityId }]
      // Without a version, so that a new value is used within half an hour.
      secrets: map(
        ownSecrets,
        name => { name: name, keyVaultUrl: '${vaultUri}secrets/${name}', identity: vaultIdentityId }
      )
      // Only the platform uses the identities that manage the broker and read the secrets; the app's code must not get them.
      identitySettings: map(platformIdentityIds, id => { identity: id, lifecycle: 'None' })
      // Azure has no settings for app health checks, concurrency or shutdown time. Selfies are sent to the app, not through Dapr.
      dapr: { enabled: true, appId: appId, appPort: wiring.daprPort, appProtocol: 'http', httpMaxRequestSize: 4 }
    }
    template: {
      // daprd exits after 5 s: events that an app has not finished by then are redelivered.
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
              // Dapr's port: its routes are served only there.
              { name: 'APP_PORT', value: string(wiring.daprPort) }
              { name: 'APP_ID', value: appId }
              // Ingress terminates TLS; without this the cookie would not be marked Secure.
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
          // Probes only the app's port, and must not include Dapr's health: the app and Dapr would wait for each other.
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
        // The default is 30 s, too long for a person who waits for the first photo.
        pollingInterval: 10
        cooldownPeriod: 300
        rules: concat(eventRules, hasPage ? pageRules : [])
      }
      volumes: [
        { name: 'albums', storageType: 'AzureFile', storageName: 'albums' }
        // Only Api creates keys and accepts uploads.
        { name: 'keys', storageType: 'AzureFile', storageName: hasPage ? 'keys' : 'keys-readonly' }
        { name: 'uploads', storageType: 'AzureFile', storageName: hasPage ? 'uploads' : 'uploads-readonly' }
      ]
    }
  }
}

output uri string = hasPage ? 'https://${app.properties.configuration.ingress!.fqdn}' : ''
