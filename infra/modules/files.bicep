// Three Files shares: the albums, the key ring, and people's uploads.
param location string
param tags object
param token string
param subnetId string
param principalId string
param uploadAddress string

var fileDataPrivilegedContributor = '69566ab7-960f-475b-8e7c-b3118f30c6bd'

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: 'stfindme${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    // Container Apps mounts a share only with the account key, the only key in use. The deployment passes it between resources; it is in no
    // file, output or variable. After a key rotation, provision again.
    allowSharedKeyAccess: true
    // Reachable from the apps' subnet, and from the address that uploads albums.
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'None'
      virtualNetworkRules: [{ id: subnetId, action: 'Allow' }]
      ipRules: empty(uploadAddress) ? [] : [{ value: uploadAddress, action: 'Allow' }]
    }
  }

  resource service 'fileServices' = {
    name: 'default'

    resource albums 'shares' = {
      name: 'albums'
      properties: { shareQuota: 100 }
    }

    resource keys 'shares' = {
      name: 'keys'
      properties: { shareQuota: 1 }
    }

    // 3 uploads of at most 1 GB per person and day.
    resource uploads 'shares' = {
      name: 'uploads'
      properties: { shareQuota: 100 }
    }
  }
}

// The deployer can upload albums with their own account (`--auth-mode login`).
resource upload 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(principalId)) {
  scope: account
  name: guid(account.id, principalId, fileDataPrivilegedContributor)
  properties: {
    principalId: principalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', fileDataPrivilegedContributor)
  }
}

output name string = account.name
