// The state store. Why PostgreSQL and not Cosmos DB: docs/decisions/0004-state-on-azure.md.
param location string
param tags object
param token string
param sku string
param subnetId string
param dnsZoneId string
param runIdentityName string
param runPrincipalId string

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: 'psql-findme-${token}'
  location: location
  tags: tags
  sku: { name: sku, tier: startsWith(sku, 'Standard_B') ? 'Burstable' : 'GeneralPurpose' }
  properties: {
    version: '17'
    // Identity only: nobody has a password.
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled', tenantId: tenant().tenantId }
    storage: { storageSizeGB: 32, autoGrow: 'Enabled' }
    // The fewest days there are: a backup keeps what a person had deleted for as long (docs/privacy.md).
    backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: 'Disabled' }
    network: { delegatedSubnetResourceId: subnetId, privateDnsZoneArmResourceId: dnsZoneId }
  }

  resource database 'databases' = {
    name: 'findme'
    properties: { charset: 'UTF8', collation: 'en_US.utf8' }
  }

  // How an identity becomes a role without anybody running SQL: as an administrator of this server, which has no other database. Dapr also
  // makes its tables itself. One child after another, or the server answers ServerIsBusy.
  resource administrator 'administrators' = {
    name: runPrincipalId
    properties: { principalType: 'ServicePrincipal', principalName: runIdentityName, tenantId: tenant().tenantId }
    dependsOn: [database]
  }
}

output host string = server.properties.fullyQualifiedDomainName
