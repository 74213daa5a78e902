// Returns the image that an app currently runs. A separate module, since a resource cannot reference itself during its deployment.
param name string
param exists bool

resource app 'Microsoft.App/containerApps@2025-01-01' existing = if (exists) {
  name: name
}

output image string = exists ? app!.properties.template.containers[0].image : ''
