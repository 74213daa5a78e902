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

@description('The environment variable of each secret that this app may have.')
param settingsFromVault object

@description('The secrets that are in the vault.')
param secretNames array
param vaultUri string

@description('The identity as which the platform reads them for this app; empty: it has none.')
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

@description('What a replica of this size costs an hour while it works, for the metric findme.replica.cost.')
param dollarsPerHour string

var wiring = loadYamlContent('../wiring.yaml')
var ownSubscriptions = filter(wiring.subscriptions, subscription => subscription.app == appId)

// Until the first deploy there is no image of ours. This one listens where it is told (ASPNETCORE_HTTP_PORTS), has /healthz, and answers
// 404 to /dapr/subscribe, which means no subscriptions. The usual placeholder would never open Dapr's port, and the sidecar and with it
// the first revision would wait for ever.
var placeholder = 'mcr.microsoft.com/dotnet/samples:aspnetapp'

module live 'image.bicep' = {
  name: 'image-${service}'
  params: { name: appId, exists: exists }
}

// One rule for each topic: any of them wakes the app. At zero replicas there is no sidecar and hence no subscriber: only KEDA looks.
var eventRules = map(ownSubscriptions, subscription => {
  name: replace(subscription.topic, '_', '-')
  custom: {
    type: 'azure-servicebus'
    identity: scaleIdentityId
    metadata: {
      // The short name here, and required with an identity.
      namespace: serviceBusName
      topicName: subscription.topic
      subscriptionName: appId
      messageCount: string(wiring.delivery.eventsPerReplica)
      activationMessageCount: '0'
    }
  }
})

// What watches a search holds a request open for as long as it runs.
var pageRules = [{ name: 'http', http: { metadata: { concurrentRequests: '100' } } }]

var healthz = { path: '/healthz', port: wiring.daprPort }

var albumVariables = [
  for (album, i) in split(albums, ','): { name: 'Albums__Folders__${i}', value: '/mnt/albums/${trim(album)}' }
]

// People's ZIP files lie where all three apps see them, and are deleted after a day (Uploads:Retention).
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
      // Dapr's port is not here: from outside only the page's is reached, and Collect and Compare not at all.
      ingress: hasPage ? { external: true, targetPort: wiring.webPort, transport: 'auto', allowInsecure: false } : null
      registries: [{ server: registryServer, identity: pullIdentityId }]
      // Without a version, so that a new value is taken within half an hour.
      secrets: map(
        ownSecrets,
        name => { name: name, keyVaultUrl: '${vaultUri}secrets/${name}', identity: vaultIdentityId }
      )
      // The scaler's identity manages the broker, and the one of the secrets reads them: the platform uses them, and code must not get them.
      identitySettings: map(platformIdentityIds, id => { identity: id, lifecycle: 'None' })
      // Nothing else can be set: no app health check, no concurrency, no shutdown time. A reference picture is sent to the app, not to Dapr.
      dapr: { enabled: true, appId: appId, appPort: wiring.daprPort, appProtocol: 'http', httpMaxRequestSize: 4 }
    }
    template: {
      // daprd itself goes after 5 s: what an app cannot end by then is delivered again.
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
              // Which of them is Dapr's: its routes answer there and nowhere else.
              { name: 'APP_PORT', value: string(wiring.daprPort) }
              { name: 'APP_ID', value: appId }
              // Ingress ends TLS: without this the cookie would not be marked Secure.
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
          // Of the app's port, since nothing else can be probed; and of the app alone: with Dapr in it, one would wait for the other.
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
        // Api alone makes keys and takes uploads in.
        { name: 'keys', storageType: 'AzureFile', storageName: hasPage ? 'keys' : 'keys-readonly' }
        { name: 'uploads', storageType: 'AzureFile', storageName: hasPage ? 'uploads' : 'uploads-readonly' }
      ]
    }
  }
}

output uri string = hasPage ? 'https://${app.properties.configuration.ingress!.fqdn}' : ''
