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
    // Managed identities only, no passwords.
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled', tenantId: tenant().tenantId }
    storage: { storageSizeGB: 32, autoGrow: 'Enabled' }
    // The minimum: backups keep deleted data for this long (docs/privacy.md).
    backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: 'Disabled' }
    network: { delegatedSubnetResourceId: subnetId, privateDnsZoneArmResourceId: dnsZoneId }
  }

  resource database 'databases' = {
    name: 'findme'
    properties: { charset: 'UTF8', collation: 'en_US.utf8' }
  }

  // Makes the identity an administrator, which creates its role without running SQL; the server has no other database. Dapr creates its own
  // tables. Deployed one at a time, or the server returns ServerIsBusy.
  resource administrator 'administrators' = {
    name: runPrincipalId
    properties: { principalType: 'ServicePrincipal', principalName: runIdentityName, tenantId: tenant().tenantId }
    dependsOn: [database]
  }
}

output host string = server.properties.fullyQualifiedDomainName
