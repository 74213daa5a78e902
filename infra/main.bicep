// FindMe on Azure Container Apps, for `azd up`: see docs/azure.md. Uses local modules only, so nothing is restored from a registry.
targetScope = 'subscription'

@minLength(1)
@maxLength(32)
@description('Name of the azd environment, a tag on every resource.')
param environmentName string

@minLength(1)
@description('Azure region of all resources.')
param location string

@description('Object id of the deployer, who can upload albums to the Files share; empty for nobody.')
param principalId string = ''

@description('Public IPv4 address from which albums are uploaded to the Files share; empty: only the apps can reach it.')
param uploadAddress string = ''

@description('Folders on the albums share to offer, comma-separated.')
param albums string = 'demo'

@description('Who can see which album: album=handle,handle;album=*. Albums not listed are hidden.')
param albumViewers string = ''

@description('Mastodon instances that everybody can search, comma-separated.')
param mastodonInstances string = ''

@description('Handle of the Bluesky account for all searches; its app password is the secret bluesky-app-password.')
param blueskyIdentifier string = ''

@description('Client id of the app registered with X, for sign-in; empty disables sign-in with X.')
param xClientId string = ''

@description('Contact who confirms that X approved this use in writing; empty disables searching X.')
param xApprovedContact string = ''

@description('Handles of people whose posts are never searched, comma-separated.')
param optOut string = ''

@description('Contact for reporting misuse, shown on the page: a mail address or an https address.')
param reportAbuse string = ''

@description('Secrets stored in the vault, comma-separated: operator-key, x-client-secret, x-bearer-token, bluesky-app-password.')
param namesInVault string = ''

@minValue(1)
@maxValue(100)
@description('Maximum replicas of Compare. Limited by the connections of the database: see postgresSku.')
param compareMaxReplicas int = 10

@allowed(['Standard_B1ms', 'Standard_B2s', 'Standard_D2ds_v5'])
@description('Size of the database: B1ms has enough connections for 10 replicas of Compare, B2s and larger for 100.')
param postgresSku string = 'Standard_B1ms'

@description('OTLP endpoint for traces, metrics and logs; empty for none: logs are in Log Analytics only.')
param otlpEndpoint string = ''

// Set by azd, so that existing apps keep their image when the infrastructure is provisioned again.
param apiExists bool = false
param collectExists bool = false
param compareExists bool = false
param visionExists bool = false

var wiring = loadYamlContent('wiring.yaml')
var token = uniqueString(subscription().id, environmentName, location)
var tags = { 'azd-env-name': environmentName }

// Shared by Api and Collect, so that Api describes the networks as Collect uses them.
var instances = empty(mastodonInstances) ? [] : split(mastodonInstances, ',')
var instanceVariables = [
  for (instance, i) in instances: { name: 'Sources__Mastodon__Instances__${i}', value: trim(instance) }
]
var optOuts = empty(optOut) ? [] : split(optOut, ',')
var optOutVariables = [for (handle, i) in optOuts: { name: 'OptOut__Handles__${i}', value: trim(handle) }]
var networkVariables = concat(
  instanceVariables,
  optOutVariables,
  empty(blueskyIdentifier) ? [] : [{ name: 'Sources__Bluesky__Identifier', value: blueskyIdentifier }],
  empty(xApprovedContact)
    ? []
    : [{ name: 'Sources__X__ApprovedByX', value: 'true' }, { name: 'Sources__X__Contact', value: xApprovedContact }]
)

// album=handle,handle → one variable per handle.
var viewers = empty(albumViewers) ? [] : map(split(albumViewers, ';'), entry => split(entry, '='))
var viewerVariables = flatten(map(
  viewers,
  entry =>
    map(
      range(0, length(split(last(entry), ','))),
      i => { name: 'Safeguards__Albums__${trim(first(entry))}__${i}', value: trim(split(last(entry), ',')[i]) }
    )
))

// The setting for each secret of the vault, and the apps that get it.
var apiOnlySecrets = { 'operator-key': 'Operator__Key', 'x-client-secret': 'SignIn__XClientSecret' }
var networkSecrets = {
  'x-bearer-token': 'Sources__X__BearerToken'
  'bluesky-app-password': 'Sources__Bluesky__AppPassword'
}
var secretNames = empty(namesInVault) ? [] : map(split(namesInVault, ','), name => trim(name))

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identities 'modules/identities.bicep' = {
  scope: group
  params: { location: location, tags: tags }
}

module network 'modules/network.bicep' = {
  scope: group
  params: { location: location, tags: tags }
}

module logs 'modules/logs.bicep' = {
  scope: group
  params: { location: location, tags: tags, token: token }
}

module registry 'modules/registry.bicep' = {
  scope: group
  params: { location: location, tags: tags, token: token, pullPrincipalId: identities.outputs.runPrincipalId }
}

module serviceBus 'modules/servicebus.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    runPrincipalId: identities.outputs.runPrincipalId
    scalePrincipalId: identities.outputs.scalePrincipalId
  }
}

module postgres 'modules/postgres.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    sku: postgresSku
    subnetId: network.outputs.postgresSubnetId
    dnsZoneId: network.outputs.postgresDnsZoneId
    runIdentityName: identities.outputs.runName
    runPrincipalId: identities.outputs.runPrincipalId
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    keysPrincipalId: identities.outputs.keysPrincipalId
    apiVaultPrincipalId: identities.outputs.apiVaultPrincipalId
    collectVaultPrincipalId: identities.outputs.collectVaultPrincipalId
    principalId: principalId
    apiNames: filter(secretNames, name => contains(apiOnlySecrets, name) || contains(networkSecrets, name))
    collectNames: filter(secretNames, name => contains(networkSecrets, name))
  }
}

module files 'modules/files.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    subnetId: network.outputs.appsSubnetId
    principalId: principalId
    uploadAddress: uploadAddress
  }
}

module environment 'modules/environment.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    subnetId: network.outputs.appsSubnetId
    logsName: logs.outputs.name
    storageName: files.outputs.name
    serviceBusName: serviceBus.outputs.name
    postgresHost: postgres.outputs.host
    runIdentityName: identities.outputs.runName
    runClientId: identities.outputs.runClientId
  }
}

// Memory sizes follow the peaks in docs/azure.md, which also has the prices. Container Apps requires 2 GiB per core.
module api 'modules/app.bicep' = {
  scope: group
  params: {
    appId: wiring.apps[0]
    service: 'api'
    exists: apiExists
    location: location
    tags: tags
    // Always one replica, to serve people and to publish the events that start the other apps.
    minReplicas: 1
    maxReplicas: 3
    hasPage: true
    cpu: '0.75'
    memory: '1.5Gi'
    dollarsPerHour: '0.081'
    albums: albums
    settings: concat(
      networkVariables,
      viewerVariables,
      // Must be identical to the address registered with X.
      [{ name: 'SignIn__PublicAddress', value: 'https://${wiring.apps[0]}.${environment.outputs.domain}' }],
      empty(xClientId) ? [] : [{ name: 'SignIn__XClientId', value: xClientId }],
      empty(reportAbuse) ? [] : [{ name: 'Safeguards__ReportAbuse', value: reportAbuse }]
    )
    settingsFromVault: union(apiOnlySecrets, networkSecrets)
    vaultIdentityId: identities.outputs.apiVaultId
    secretNames: secretNames
    vaultUri: vault.outputs.uri
    environmentId: environment.outputs.id
    registryServer: registry.outputs.server
    identityIds: [identities.outputs.runId, identities.outputs.keysId]
    pullIdentityId: identities.outputs.runId
    scaleIdentityId: identities.outputs.scaleId
    keysClientId: identities.outputs.keysClientId
    keyRingKey: vault.outputs.keyUri
    serviceBusName: serviceBus.outputs.name
    otlpEndpoint: otlpEndpoint
  }
}

module collect 'modules/app.bicep' = {
  scope: group
  params: {
    appId: wiring.apps[1]
    service: 'collect'
    exists: collectExists
    location: location
    tags: tags
    minReplicas: 0
    maxReplicas: 3
    hasPage: false
    cpu: '0.25'
    memory: '0.5Gi'
    dollarsPerHour: '0.027'
    albums: albums
    settings: networkVariables
    settingsFromVault: networkSecrets
    vaultIdentityId: identities.outputs.collectVaultId
    secretNames: secretNames
    vaultUri: vault.outputs.uri
    environmentId: environment.outputs.id
    registryServer: registry.outputs.server
    // Needs the keys, too: people's tokens, with which it searches, are encrypted under them.
    identityIds: [identities.outputs.runId, identities.outputs.keysId]
    pullIdentityId: identities.outputs.runId
    scaleIdentityId: identities.outputs.scaleId
    keysClientId: identities.outputs.keysClientId
    keyRingKey: vault.outputs.keyUri
    serviceBusName: serviceBus.outputs.name
    otlpEndpoint: otlpEndpoint
  }
}

module compare 'modules/app.bicep' = {
  scope: group
  params: {
    appId: wiring.apps[2]
    service: 'compare'
    exists: compareExists
    location: location
    tags: tags
    minReplicas: 0
    maxReplicas: compareMaxReplicas
    hasPage: false
    cpu: '1.0'
    memory: '2Gi'
    dollarsPerHour: '0.108'
    albums: albums
    settings: []
    settingsFromVault: {}
    vaultIdentityId: ''
    secretNames: secretNames
    vaultUri: vault.outputs.uri
    environmentId: environment.outputs.id
    registryServer: registry.outputs.server
    identityIds: [identities.outputs.runId, identities.outputs.keysId]
    pullIdentityId: identities.outputs.runId
    scaleIdentityId: identities.outputs.scaleId
    keysClientId: identities.outputs.keysClientId
    keyRingKey: vault.outputs.keyUri
    serviceBusName: serviceBus.outputs.name
    otlpEndpoint: otlpEndpoint
  }
}

module vision 'modules/vision.bicep' = {
  scope: group
  params: {
    exists: visionExists
    location: location
    tags: tags
    environmentId: environment.outputs.id
    registryServer: registry.outputs.server
    runIdentityId: identities.outputs.runId
    otlpEndpoint: otlpEndpoint
  }
}

// azd pushes images to this registry, and shows the address.
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.server
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_API_URI string = api.outputs.uri
output SERVICE_VISION_URI string = vision.outputs.uri
output FINDME_STORAGE_ACCOUNT string = files.outputs.name
output FINDME_VAULT string = vault.outputs.name
