// Receives the log of the apps and of the system. 30 days are included in the price.
param location string
param tags object
param token string

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-findme-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
    // A runaway log must not cost more than the apps: a search of 100,000 photos logs about 50 MB.
    workspaceCapping: { dailyQuotaGb: 1 }
  }
}

output name string = logs.name
