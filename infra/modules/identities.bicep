// Five identities, so that each holds only what it is for. No key, password or connection string is needed by any app.
param location string
param tags object

// What the apps and their Dapr sidecars are. One for all: a Dapr component names one client id (azureClientId), and the apps share the components.
resource run 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-run'
  location: location
  tags: tags
}

// May wrap and unwrap the key ring, and with it read faces and people's tokens. The sidecars are not it.
resource keys 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-keys'
  location: location
  tags: tags
}

// Reads the secrets that Api names. Only the platform is it, no container.
resource apiVault 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-api-vault'
  location: location
  tags: tags
}

// The same for Collect, which needs those of the networks only. Compare, which decodes strangers' pictures, needs none.
resource collectVault 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-collect-vault'
  location: location
  tags: tags
}

// Lets KEDA count what waits. No container ever gets it.
resource scale 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-scale'
  location: location
  tags: tags
}

output runId string = run.id
output runName string = run.name
output runClientId string = run.properties.clientId
output runPrincipalId string = run.properties.principalId
output keysId string = keys.id
output keysClientId string = keys.properties.clientId
output keysPrincipalId string = keys.properties.principalId
output apiVaultId string = apiVault.id
output apiVaultPrincipalId string = apiVault.properties.principalId
output collectVaultId string = collectVault.id
output collectVaultPrincipalId string = collectVault.properties.principalId
output scaleId string = scale.id
output scalePrincipalId string = scale.properties.principalId
