// The operator's secrets, and the key that wraps the key ring, which wraps people's keys. It never leaves the vault.
param location string
param tags object
param token string
param keysPrincipalId string
param apiVaultPrincipalId string
param collectVaultPrincipalId string
param principalId string

@description('Names of the secrets in the vault that Api reads.')
param apiNames array

@description('Names of the secrets in the vault that Collect reads.')
param collectNames array

var cryptoServiceEncryptionUser = 'e147488a-f6f5-4113-8e2d-b22465e65bf6'
var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv-findme-${token}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    // Deleting the key makes every reference unreadable; it can be recovered for a week. `azd down --purge` is final, since there is no purge
    // protection: docs/decisions/0007-final-deletion.md.
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
  }

  resource keyRing 'keys' = {
    name: 'key-ring'
    properties: { kty: 'RSA', keySize: 3072, keyOps: ['wrapKey', 'unwrapKey'] }
  }
}

// Can read, wrap and unwrap with this key, but not change or delete it.
resource wrap 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault::keyRing
  name: guid(vault.id, keysPrincipalId, cryptoServiceEncryptionUser)
  properties: {
    principalId: keysPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', cryptoServiceEncryptionUser)
  }
}

// A role on each secret, not on the vault, so that an app can read only its own secrets.
resource apiEntries 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = [
  for name in apiNames: {
    parent: vault
    name: name
  }
]

resource apiRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in apiNames: {
    scope: apiEntries[i]
    name: guid(vault.id, name, apiVaultPrincipalId, secretsUser)
    properties: {
      principalId: apiVaultPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    }
  }
]

resource collectEntries 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = [
  for name in collectNames: {
    parent: vault
    name: name
  }
]

resource collectRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in collectNames: {
    scope: collectEntries[i]
    name: guid(vault.id, name, collectVaultPrincipalId, secretsUser)
    properties: {
      principalId: collectVaultPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    }
  }
]

// The deployer stores the secrets with their own account: no file or deployment parameter contains one.
resource write 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(principalId)) {
  scope: vault
  name: guid(vault.id, principalId, secretsOfficer)
  properties: {
    principalId: principalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
  }
}

output name string = vault.name
output uri string = vault.properties.vaultUri
// Without a version: a rotated key wraps new data, and wrapped data holds the version of its key.
output keyUri string = vault::keyRing.properties.keyUri
