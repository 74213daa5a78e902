// Five managed identities with minimal rights. No app needs a key, password or connection string.
param location string
param tags object

// The identity of the apps and their Dapr sidecars. Shared, since a Dapr component has one client id (azureClientId) and the apps share components.
resource run 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-run'
  location: location
  tags: tags
}

// Can wrap and unwrap the key ring, and thus read faces and people's tokens. The sidecars do not have it.
resource keys 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-keys'
  location: location
  tags: tags
}

// Reads Api's secrets. Used only by the platform, not by containers.
resource apiVault 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-api-vault'
  location: location
  tags: tags
}

// Reads Collect's secrets, those of the networks. Compare, which decodes strangers' pictures, needs none.
resource collectVault 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-findme-collect-vault'
  location: location
  tags: tags
}

// Lets KEDA count waiting events. Not available to containers.
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
