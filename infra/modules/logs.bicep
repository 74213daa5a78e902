// The logs of the apps and the system. 30 days of retention are included in the price.
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
    // Limits the cost of runaway logging. A search of 100,000 photos logs about 50 MB.
    workspaceCapping: { dailyQuotaGb: 1 }
  }
}

output name string = logs.name
